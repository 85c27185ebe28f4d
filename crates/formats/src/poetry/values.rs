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
    pub(super) fn inverse(self) -> Self {
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

    pub(super) fn inverse(&self) -> Self {
        Self::new(self.relation.inverse(), self.value.clone())
    }

    fn has(&self, part: &str) -> bool {
        self.value.contains(part)
    }

    /// Whether a text fulfils the condition.
    fn allows(&self, text: &Self) -> bool {
        match self.relation {
            Relation::Is => text.value == self.value,
            Relation::IsNot => text.value != self.value,
            Relation::Contains => text.has(&self.value),
            Relation::Lacks => !text.has(&self.value),
        }
    }

    /// Whether every text that fulfils the other condition fulfils this one.
    fn covers(&self, other: &Self) -> bool {
        use Relation::{Contains, Is, IsNot, Lacks};
        match (self.relation, other.relation) {
            (_, Is) => self.allows(other),
            (Contains, Contains) => other.has(&self.value),
            (Lacks | IsNot, Lacks) => self.has(&other.value),
            _ => self == other,
        }
    }

    /// Whether some text may fulfil both.
    fn meets(&self, other: &Self) -> bool {
        use Relation::{Contains, Is, Lacks};
        match (self.relation, other.relation) {
            (Is, _) => other.allows(self),
            (_, Is) => self.allows(other),
            (Contains, Lacks) => !self.has(&other.value),
            (Lacks, Contains) => !other.has(&self.value),
            _ => true,
        }
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
    /// Those in one of several sets.
    Either(Vec<Values>),
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
    /// The conditions, if they are joined by one word only.
    pub(super) fn conditions(&self) -> Option<Vec<&Condition>> {
        match self {
            Self::Any | Self::Empty => None,
            Self::One(condition) => Some(vec![condition]),
            Self::All(conditions) => Some(conditions.iter().collect()),
            Self::Either(sets) => sets.iter().map(Self::condition).collect(),
        }
    }

    fn condition(&self) -> Option<&Condition> {
        match self {
            Self::One(condition) => Some(condition),
            _ => None,
        }
    }

    /// Those in one of some sets.
    pub(super) fn either(mut sets: Vec<Self>) -> Self {
        match sets.len() {
            0 => Self::Empty,
            1 => sets.swap_remove(0),
            _ => Self::Either(sets),
        }
    }

    /// Those that fulfil all of some conditions.
    pub(super) fn all(mut conditions: Vec<Condition>) -> Self {
        match conditions.len() {
            0 => Self::Any,
            1 => Self::One(conditions.swap_remove(0)),
            _ => Self::All(conditions),
        }
    }

    /// All other texts; nothing where poetry cannot tell.
    pub(super) fn invert(&self) -> Option<Self> {
        let inverse = |conditions: Vec<&Condition>| -> Vec<Condition> {
            conditions.into_iter().map(Condition::inverse).collect()
        };
        Some(match self {
            Self::Any => Self::Empty,
            Self::Empty => Self::Any,
            Self::One(condition) => Self::One(condition.inverse()),
            Self::All(conditions) => {
                let inverted = conditions.iter().map(|one| Self::One(one.inverse()));
                Self::Either(inverted.collect())
            }
            Self::Either(_) => Self::All(inverse(self.conditions()?)),
        })
    }

    /// What both select.
    pub(super) fn intersect(&self, other: &Self, arity: Arity) -> Self {
        use Values::{All, Any, Either, Empty, One};
        match (self, other) {
            (Any, set) | (set, Any) => set.clone(),
            (Empty, _) | (_, Empty) => Empty,
            (One(mine), One(theirs)) => both(mine, theirs, arity),
            (One(_), _) | (All(_), Either(_)) => other.intersect(self, arity),
            (All(mine), All(theirs)) => both_all(mine, theirs, arity),
            (All(mine), One(theirs)) => all_and_one(mine, theirs, arity),
            (Either(mine), One(_)) if arity == Arity::Many && mine.contains(other) => other.clone(),
            (Either(mine), One(_)) => each_with_each(mine, std::slice::from_ref(other), arity),
            (Either(mine), Either(theirs)) => each_with_each(mine, theirs, arity),
            (Either(mine), All(theirs)) => {
                let with_all = |set: &Values| {
                    let conditions = theirs.iter().map(|one| One(one.clone()));
                    conditions.fold(set.clone(), |all, one| all.intersect(&one, arity))
                };
                distinct(mine.iter().map(with_all))
            }
        }
    }

    /// How many pairs of alternatives have to be looked at to find what both select.
    pub(super) fn pairs_with(&self, other: &Self) -> usize {
        let (Self::Either(mine), Self::Either(theirs)) = (self, other) else {
            return 0;
        };
        let holds = |all: &[Self], part: &[Self]| part.iter().all(|set| all.contains(set));
        let pairs = mine.len() * theirs.len();
        if holds(theirs, mine) || holds(mine, theirs) {
            0
        } else {
            pairs
        }
    }

    /// What either selects.
    pub(super) fn union(&self, other: &Self, arity: Arity) -> Self {
        use Values::{All, Any, Either, Empty, One};
        match (self, other) {
            (Any, _) | (_, Any) => Any,
            (Empty, set) | (set, Empty) => set.clone(),
            (One(mine), One(theirs)) => one_of_two(mine, theirs, arity),
            (One(_), Either(theirs)) => any_of_any(std::slice::from_ref(self), theirs, arity),
            (One(_), All(_)) | (All(_), Either(_)) => other.union(self, arity),
            (All(mine), All(theirs)) => either_all(mine, theirs, arity),
            (All(mine), One(theirs)) => all_or_one(mine, theirs, arity),
            (Either(_), Either(_)) if self == other => self.clone(),
            (Either(mine), One(_)) => any_of_any(mine, std::slice::from_ref(other), arity),
            (Either(mine), Either(theirs)) => any_of_any(mine, theirs, arity),
            (Either(mine), All(theirs)) => any_or_all(self, mine, theirs, arity),
        }
    }
}

fn keep(conditions: &[Condition], wanted: impl Fn(&Condition) -> bool) -> Vec<Condition> {
    let kept = conditions.iter().filter(|condition| wanted(condition));
    kept.cloned().collect()
}

fn both(mine: &Condition, theirs: &Condition, arity: Arity) -> Values {
    let one = |condition: &Condition| Values::One(condition.clone());
    if mine == theirs {
        return one(mine);
    }
    match arity {
        Arity::Many if mine.value == theirs.value => return Values::Empty,
        Arity::Single if mine.covers(theirs) => return one(theirs),
        Arity::Single if theirs.covers(mine) => return one(mine),
        Arity::Single if !mine.meets(theirs) || !theirs.meets(mine) => return Values::Empty,
        _ => {}
    }
    Values::All(vec![mine.clone(), theirs.clone()])
}

fn both_all(mine: &[Condition], theirs: &[Condition], arity: Arity) -> Values {
    let contradicts = |one: &Condition| theirs.contains(&one.inverse());
    if arity == Arity::Many && mine.iter().any(contradicts) {
        return Values::Empty;
    }
    let mut all = mine.to_vec();
    all.extend(keep(theirs, |one| !mine.contains(one)));
    Values::All(all)
}

fn all_and_one(mine: &[Condition], theirs: &Condition, arity: Arity) -> Values {
    if mine.contains(theirs) {
        return Values::All(mine.to_vec());
    }
    // Not what it means for parts of texts, but what poetry-core does.
    if mine.iter().any(|one| one.value == theirs.value) {
        return Values::Empty;
    }
    if theirs.relation == Relation::Is && arity == Arity::Single {
        return Values::One(theirs.clone());
    }
    let mut all = mine.to_vec();
    all.push(theirs.clone());
    Values::All(all)
}

/// What is in a set of each side.
fn each_with_each(mine: &[Values], theirs: &[Values], arity: Arity) -> Values {
    if mine.iter().all(|set| theirs.contains(set)) {
        return Values::Either(mine.to_vec());
    }
    if theirs.iter().all(|set| mine.contains(set)) {
        return Values::either(theirs.to_vec());
    }
    let pairs = mine
        .iter()
        .flat_map(|mine| theirs.iter().map(move |theirs| (mine, theirs)));
    distinct(pairs.map(|(mine, theirs)| mine.intersect(theirs, arity)))
}

/// Sets without those that are empty or there already, in whatever order their conditions are.
fn distinct(sets: impl Iterator<Item = Values>) -> Values {
    let mut found: Vec<Values> = Vec::new();
    for set in sets.filter(|set| *set != Values::Empty) {
        let is_known = found.iter().any(|known| match (known, &set) {
            (Values::All(known), Values::All(new)) => {
                known.iter().all(|one| new.contains(one))
                    && new.iter().all(|one| known.contains(one))
            }
            _ => *known == set,
        });
        if !is_known {
            found.push(set);
        }
    }
    Values::either(found)
}

fn one_of_two(mine: &Condition, theirs: &Condition, arity: Arity) -> Values {
    use Relation::{Contains, IsNot, Lacks};
    let one = |condition: &Condition| Values::One(condition.clone());
    if mine == theirs {
        return one(mine);
    }
    if arity == Arity::Many {
        if mine.value == theirs.value {
            return Values::Any;
        }
        return Values::Either(vec![one(mine), one(theirs)]);
    }
    if mine.covers(theirs) {
        return one(mine);
    }
    if theirs.covers(mine) {
        return one(theirs);
    }
    let is_all = match (mine.relation, theirs.relation) {
        (IsNot, IsNot) => true,
        (Contains, IsNot | Lacks) => theirs.has(&mine.value),
        (_, Contains) => mine.has(&theirs.value),
        _ => false,
    };
    if is_all || mine.inverse() == *theirs {
        return Values::Any;
    }
    Values::Either(vec![one(mine), one(theirs)])
}

fn either_all(mine: &[Condition], theirs: &[Condition], arity: Arity) -> Values {
    let all = |conditions: &[Condition]| Values::All(conditions.to_vec());
    if arity == Arity::Single {
        return Values::all(keep(mine, |one| theirs.contains(one)));
    }
    if mine.iter().all(|one| theirs.contains(one)) {
        return all(mine);
    }
    if theirs.iter().all(|one| mine.contains(one)) {
        return all(theirs);
    }
    Values::Either(vec![all(mine), all(theirs)])
}

fn all_or_one(mine: &[Condition], theirs: &Condition, arity: Arity) -> Values {
    let one = Values::One(theirs.clone());
    if mine.contains(theirs) {
        return one;
    }
    let has_value = mine.iter().any(|one| one.value == theirs.value);
    let rest = keep(mine, |one| one.value != theirs.value);
    if arity == Arity::Many {
        return Values::Either(match rest.as_slice() {
            [rest] if has_value && mine.len() == 2 => vec![Values::One(rest.clone()), one],
            _ => vec![Values::All(mine.to_vec()), one],
        });
    }
    match (has_value, theirs.relation) {
        (false, Relation::IsNot) => Values::Any,
        _ => Values::all(rest),
    }
}

/// What is in a set of either side.
fn any_of_any(mine: &[Values], theirs: &[Values], arity: Arity) -> Values {
    let (mut ours, mut others, mut merged) = (Vec::new(), Vec::new(), Vec::new());
    let add = |list: &mut Vec<Values>, set: &Values| {
        if !list.contains(set) {
            list.push(set.clone());
        }
    };
    for their in theirs {
        for our in mine {
            let union = our.union(their, arity);
            match &union {
                Values::Any => return Values::Any,
                Values::One(_) if union == *our => add(&mut ours, &union),
                Values::One(_) if union == *their => add(&mut others, their),
                Values::One(_) => add(&mut merged, &union),
                _ => {
                    add(&mut ours, our);
                    add(&mut others, their);
                }
            }
        }
    }
    for set in others.iter().chain(&merged) {
        add(&mut ours, set);
    }
    Values::either(ours)
}

fn any_or_all(whole: &Values, mine: &[Values], theirs: &[Condition], arity: Arity) -> Values {
    let is_theirs = |set: &Values| set.condition().is_some_and(|one| theirs.contains(one));
    if mine.iter().any(is_theirs) {
        return whole.clone();
    }
    let completes = |one: &Condition| {
        let conditions = mine.iter().filter_map(Values::condition);
        conditions
            .map(|mine| one_of_two(mine, one, arity))
            .any(|union| union == Values::Any)
    };
    let rest = keep(theirs, |one| !completes(one));
    if rest.len() == theirs.len() {
        let mut sets = mine.to_vec();
        sets.push(Values::All(theirs.to_vec()));
        return Values::Either(sets);
    }
    if rest.is_empty() {
        return Values::Any;
    }
    let rest = rest.into_iter().map(Values::One).collect();
    whole.union(&Values::Either(rest), arity)
}
