//! Sets of plain texts, as markers such as `sys_platform` and `extra` select them.
//!
//! The merging rules are those seen in poetry-core 2.5.0, including what it leaves unmerged.

/// How one value selects.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Relation {
    /// The text is the value.
    Is,
    /// The text is not the value.
    IsNot,
    /// The text contains the value (`"linux" in sys_platform`).
    Contains,
    /// The text does not contain the value.
    Lacks,
}

impl Relation {
    fn inverse(self) -> Self {
        match self {
            Self::Is => Self::IsNot,
            Self::IsNot => Self::Is,
            Self::Contains => Self::Lacks,
            Self::Lacks => Self::Contains,
        }
    }
}

/// One condition on a text.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Condition {
    pub(super) relation: Relation,
    pub(super) value: String,
}

impl Condition {
    pub(super) fn new(relation: Relation, value: impl Into<String>) -> Self {
        Self {
            relation,
            value: value.into(),
        }
    }

    fn inverse(&self) -> Self {
        Self::new(self.relation.inverse(), self.value.clone())
    }

    fn has(&self, part: &str) -> bool {
        self.value.contains(part)
    }
}

/// Texts that fulfil conditions.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) enum Values {
    /// Every text.
    Any,
    /// None.
    Empty,
    /// Those that fulfil one condition.
    One(Condition),
    /// Those that fulfil all of several.
    All(Vec<Condition>),
    /// Those that fulfil one of several.
    Either(Vec<Condition>),
}

/// Whether a text has one value, or several at once as `extra` does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Arity {
    /// One value.
    Single,
    /// Any number of values.
    Many,
}

impl Values {
    fn all(conditions: Vec<Condition>) -> Self {
        Self::of(conditions, Self::Any, Self::All)
    }

    fn either(conditions: Vec<Condition>) -> Self {
        Self::of(conditions, Self::Empty, Self::Either)
    }

    fn of(mut conditions: Vec<Condition>, none: Self, several: fn(Vec<Condition>) -> Self) -> Self {
        match conditions.len() {
            0 => none,
            1 => conditions.pop().map_or(none, Self::One),
            _ => several(conditions),
        }
    }

    /// The conditions, however they are joined.
    pub(super) fn conditions(&self) -> &[Condition] {
        match self {
            Self::Any | Self::Empty => &[],
            Self::One(condition) => std::slice::from_ref(condition),
            Self::All(conditions) | Self::Either(conditions) => conditions,
        }
    }

    /// What both select; nothing when poetry leaves the two unmerged.
    pub(super) fn intersect(&self, other: &Self, arity: Arity) -> Option<Self> {
        match arity {
            Arity::Single => single_intersect(self, other),
            Arity::Many => many_intersect(self, other),
        }
    }

    /// What either selects; nothing when poetry leaves the two unmerged.
    pub(super) fn union(&self, other: &Self, arity: Arity) -> Option<Self> {
        match arity {
            Arity::Single => single_union(self, other),
            Arity::Many => many_union(self, other),
        }
    }
}

fn keep(conditions: &[Condition], wanted: impl Fn(&Condition) -> bool) -> Vec<Condition> {
    conditions
        .iter()
        .filter(|condition| wanted(condition))
        .cloned()
        .collect()
}

fn join(first: &[Condition], second: &[Condition]) -> Vec<Condition> {
    let mut joined = first.to_vec();
    joined.extend(
        second
            .iter()
            .filter(|condition| !first.contains(condition))
            .cloned(),
    );
    joined
}

fn single_intersect(mine: &Values, theirs: &Values) -> Option<Values> {
    use Relation::{Contains, Is, IsNot, Lacks};
    use Values::{All, Any, Either, Empty, One};
    if mine == theirs {
        return Some(mine.clone());
    }
    Some(match (mine, theirs) {
        (Empty, _) | (_, Empty) => Empty,
        (Any, set) | (set, Any) => set.clone(),
        (One(a), One(b)) => match (a.relation, b.relation) {
            (Is, Is) => Empty,
            (Is, _) => pick(a, fulfils(a, b)),
            (_, Is) => pick(b, fulfils(b, a)),
            (IsNot, IsNot) => All(vec![a.clone(), b.clone()]),
            (IsNot, Contains) | (Contains, IsNot) => return None,
            (IsNot, Lacks) => return a.has(&b.value).then(|| theirs.clone()),
            (Lacks, IsNot) => return b.has(&a.value).then(|| mine.clone()),
            (Contains, Contains) if a.has(&b.value) => mine.clone(),
            (Contains, Contains) if b.has(&a.value) => theirs.clone(),
            (Lacks, Lacks) if a.has(&b.value) => theirs.clone(),
            (Lacks, Lacks) if b.has(&a.value) => mine.clone(),
            (Contains, Lacks) if a.has(&b.value) => Empty,
            (Lacks, Contains) if b.has(&a.value) => Empty,
            _ => return None,
        },
        (Either(list), One(one)) | (One(one), Either(list)) if one.relation == Is => {
            if list.contains(one) {
                One(one.clone())
            } else {
                Empty
            }
        }
        (Either(list), One(one)) | (One(one), Either(list)) => {
            Values::either(keep(list, |item| fulfils(item, one)))
        }
        (All(list), One(one)) | (One(one), All(list)) => match one.relation {
            Is if list.iter().all(|item| item.value != one.value) => One(one.clone()),
            Is => Empty,
            IsNot => Values::all(join(list, std::slice::from_ref(one))),
            // Not what it means, but what poetry-core 2.5.0 does.
            _ if list.iter().any(|item| item.value == one.value) => Empty,
            _ => return None,
        },
        (Either(list), All(not)) | (All(not), Either(list)) => Values::either(keep(list, |item| {
            not.iter().all(|not| not.value != item.value)
        })),
        (Either(a), Either(b)) => Values::either(keep(a, |item| b.contains(item))),
        (All(a), All(b)) => Values::all(join(a, b)),
    })
}

fn single_union(mine: &Values, theirs: &Values) -> Option<Values> {
    use Relation::{Contains, Is, IsNot, Lacks};
    use Values::{All, Any, Either, Empty, One};
    if mine == theirs {
        return Some(mine.clone());
    }
    Some(match (mine, theirs) {
        (Any, _) | (_, Any) => Any,
        (Empty, set) | (set, Empty) => set.clone(),
        (One(a), One(b)) => match (a.relation, b.relation) {
            (Is, Is) => Either(vec![a.clone(), b.clone()]),
            (Is, IsNot) => {
                if a.value == b.value {
                    Any
                } else {
                    theirs.clone()
                }
            }
            (IsNot, Is) => {
                if a.value == b.value {
                    Any
                } else {
                    mine.clone()
                }
            }
            (Is, _) => return fulfils(a, b).then(|| theirs.clone()),
            (_, Is) => return fulfils(b, a).then(|| mine.clone()),
            (IsNot, IsNot) => Any,
            (IsNot, Contains) => return a.has(&b.value).then_some(Any),
            (Contains, IsNot) => return b.has(&a.value).then_some(Any),
            (IsNot, Lacks) => return a.has(&b.value).then(|| mine.clone()),
            (Lacks, IsNot) => return b.has(&a.value).then(|| theirs.clone()),
            (Contains, Contains) if a.has(&b.value) => theirs.clone(),
            (Contains, Contains) if b.has(&a.value) => mine.clone(),
            (Lacks, Lacks) if a.has(&b.value) => mine.clone(),
            (Lacks, Lacks) if b.has(&a.value) => theirs.clone(),
            (Contains, Lacks) if b.has(&a.value) => Any,
            (Lacks, Contains) if a.has(&b.value) => Any,
            _ => return None,
        },
        (Either(list), One(one)) => match one.relation {
            Is => Values::either(join(list, std::slice::from_ref(one))),
            IsNot if list.iter().any(|item| item.value == one.value) => Any,
            IsNot => theirs.clone(),
            _ if list.iter().all(|item| fulfils(item, one)) => theirs.clone(),
            _ => return None,
        },
        (One(one), Either(list)) => match one.relation {
            Is => Values::either(join(std::slice::from_ref(one), list)),
            IsNot if list.iter().any(|item| item.value == one.value) => Any,
            IsNot => mine.clone(),
            _ if list.iter().all(|item| fulfils(item, one)) => mine.clone(),
            _ => return None,
        },
        (All(list), One(one)) | (One(one), All(list)) => match one.relation {
            IsNot if list.iter().any(|item| item.value == one.value) => One(one.clone()),
            IsNot => Any,
            _ => Values::all(keep(list, |item| item.value != one.value)),
        },
        (Either(list), All(not)) | (All(not), Either(list)) => Values::all(keep(not, |not| {
            list.iter().all(|item| item.value != not.value)
        })),
        (Either(a), Either(b)) => Values::either(join(a, b)),
        (All(a), All(b)) => Values::all(keep(a, |item| b.contains(item))),
    })
}

/// Whether the text that is `one`'s value fulfils the other condition.
fn fulfils(one: &Condition, other: &Condition) -> bool {
    match other.relation {
        Relation::Is => one.value == other.value,
        Relation::IsNot => one.value != other.value,
        Relation::Contains => one.has(&other.value),
        Relation::Lacks => !one.has(&other.value),
    }
}

fn pick(condition: &Condition, wanted: bool) -> Values {
    if wanted {
        Values::One(condition.clone())
    } else {
        Values::Empty
    }
}

fn many_intersect(mine: &Values, theirs: &Values) -> Option<Values> {
    use Values::{All, Any, Either, Empty, One};
    if mine == theirs {
        return Some(mine.clone());
    }
    Some(match (mine, theirs) {
        (Empty, _) | (_, Empty) => Empty,
        (Any, set) | (set, Any) => set.clone(),
        (One(_) | All(_), One(_) | All(_)) => {
            let (a, b) = (mine.conditions(), theirs.conditions());
            if a.iter().any(|condition| b.contains(&condition.inverse())) {
                return Some(Empty);
            }
            match (mine, theirs) {
                (One(_), All(_)) => Values::all(join(b, a)),
                _ => Values::all(join(a, b)),
            }
        }
        (Either(list), One(one)) | (One(one), Either(list)) => {
            if list.contains(one) {
                return Some(One(one.clone()));
            }
            if !list.contains(&one.inverse()) {
                return None;
            }
            let mut rest = keep(list, |item| *item != one.inverse());
            rest.push(one.clone());
            if rest.len() == 2 {
                All(rest)
            } else {
                return None;
            }
        }
        (Either(list), All(all)) | (All(all), Either(list)) => {
            if list.iter().any(|item| all.contains(item)) {
                return Some(All(all.clone()));
            }
            if list.iter().all(|item| all.contains(&item.inverse())) {
                return Some(Empty);
            }
            return None;
        }
        (Either(a), Either(b)) => {
            if a.iter().all(|item| b.contains(item)) {
                mine.clone()
            } else if b.iter().all(|item| a.contains(item)) {
                theirs.clone()
            } else {
                return None;
            }
        }
    })
}

fn many_union(mine: &Values, theirs: &Values) -> Option<Values> {
    use Values::{All, Any, Either, Empty, One};
    if mine == theirs {
        return Some(mine.clone());
    }
    Some(match (mine, theirs) {
        (Any, _) | (_, Any) => Any,
        (Empty, set) | (set, Empty) => set.clone(),
        (One(_) | Either(_), One(_) | Either(_)) => {
            let (a, b) = (mine.conditions(), theirs.conditions());
            if a.iter().any(|condition| b.contains(&condition.inverse())) {
                return Some(Any);
            }
            Values::either(join(a, b))
        }
        (All(list), One(one)) | (One(one), All(list)) => {
            if list.contains(one) {
                return Some(One(one.clone()));
            }
            if !list.contains(&one.inverse()) {
                return None;
            }
            let mut rest = keep(list, |item| *item != one.inverse());
            rest.push(one.clone());
            if rest.len() == 2 {
                Either(rest)
            } else {
                return None;
            }
        }
        (Either(list), All(all)) | (All(all), Either(list)) => {
            if list.iter().any(|item| all.contains(item)) {
                return Some(Either(list.clone()));
            }
            if all.iter().all(|item| list.contains(&item.inverse())) {
                return Some(Any);
            }
            return None;
        }
        (All(a), All(b)) => {
            if a.iter().all(|item| b.contains(item)) {
                mine.clone()
            } else if b.iter().all(|item| a.contains(item)) {
                theirs.clone()
            } else {
                return None;
            }
        }
    })
}
