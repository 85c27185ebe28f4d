//! The explanation as steps: which sentence follows from which.

use packaging::PackageName;
use rustc_hash::FxHashMap;

use super::proof::{Fact, Proof};
use super::words::{Words, listed};

/// Why there is no solution, step by step.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Explanation {
    /// The steps; the last one says that there is no solution.
    pub steps: Vec<Argument>,
}

/// One step: what is concluded from what.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Argument {
    /// The step as a sentence.
    pub sentence: String,
    /// What later steps call it, where it is not simply the step before them.
    pub number: Option<usize>,
    /// Whether it goes on from the step before.
    pub follows: bool,
    /// What it follows from.
    pub premises: Vec<Premise>,
    /// What it says.
    pub concludes: String,
    /// The projects it speaks of, by name.
    pub projects: Vec<PackageName>,
}

/// What a step follows from.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Premise {
    /// In words.
    pub text: String,
    /// The earlier step that concluded it; `None` for what is simply so.
    pub step: Option<usize>,
}

impl Explanation {
    /// The sentences, an empty line before each new line of thought.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (at, step) in self.steps.iter().enumerate() {
            if at > 0 {
                text.push_str(if step.follows { "\n" } else { "\n\n" });
            }
            text.push_str(&step.sentence);
            if let Some(number) = step.number {
                text.push_str(&format!(" ({number})"));
            }
        }
        text
    }
}

/// How long a condition may be to be said twice in a sentence.
const LONG_MARKER: usize = 60;

pub(super) fn tell(proof: &Proof, words: &Words<'_>) -> Explanation {
    let mut teller = Teller {
        proof,
        words,
        told: FxHashMap::default(),
        steps: Vec::new(),
        numbers: 0,
    };
    teller.tell(proof.end());
    Explanation {
        steps: teller.steps,
    }
}

struct Teller<'a> {
    proof: &'a Proof,
    words: &'a Words<'a>,
    /// The step of an inference.
    told: FxHashMap<usize, usize>,
    steps: Vec<Argument>,
    numbers: usize,
}

/// A sentence to be.
struct Link<'a> {
    at: usize,
    facts: Vec<&'a Fact>,
    /// Inferences that were told before.
    known: Vec<usize>,
    /// The inference it goes on from.
    child: Option<usize>,
}

impl<'a> Teller<'a> {
    /// Tells an inference after everything it follows from.
    fn tell(&mut self, end: usize) {
        let mut chain: Vec<Link<'a>> = Vec::new();
        let mut next = Some(end);
        while let Some(at) = next {
            let link = self.link(at);
            next = link.child;
            match chain.last_mut() {
                Some(above) if self.says_enough_with(above, &link) => {
                    let facts = std::mem::take(&mut above.facts);
                    above.facts = link.facts;
                    above.facts.extend(facts);
                    above.known.extend(link.known);
                    above.child = link.child;
                }
                _ => chain.push(link),
            }
        }
        for link in chain.into_iter().rev() {
            self.say(&link);
        }
    }

    /// What an inference follows from; what it cannot simply go on from is told now.
    fn link(&mut self, at: usize) -> Link<'a> {
        let inference = &self.proof.inferences[at];
        let mut untold: Vec<usize> = Vec::new();
        let mut known: Vec<usize> = Vec::new();
        for from in &inference.from {
            if self.told.contains_key(from) {
                known.push(*from);
            } else {
                untold.push(*from);
            }
        }
        let mut child = untold.pop();
        for before in untold {
            self.tell(before);
            self.number(before);
            known.push(before);
        }
        // Telling one may have told the other.
        if let Some(told) = child.filter(|child| self.told.contains_key(child)) {
            known.push(told);
            child = None;
        }
        Link {
            at,
            facts: inference.facts.iter().collect(),
            known,
            child,
        }
    }

    /// Whether the sentence above can take in the one it goes on from, without its conclusion.
    fn says_enough_with(&self, above: &Link<'a>, link: &Link<'a>) -> bool {
        let inference = &self.proof.inferences[link.at];
        if inference.is_shared || above.child != Some(link.at) || !above.known.is_empty() {
            return false;
        }
        let both: Vec<&Fact> = link.facts.iter().chain(&above.facts).copied().collect();
        let said = self.words.facts(&both).len() + link.known.len();
        let says_same = || {
            let clauses = |at: usize| &self.proof.inferences[at].clauses;
            self.words.conclusion(clauses(link.at)) == self.words.conclusion(clauses(above.at))
        };
        match link.child {
            Some(_) => said <= 2 || says_same() && said <= 3,
            None => said <= 2 || is_plain(&link.facts) && said <= 3 || says_same() && said <= 4,
        }
    }

    fn say(&mut self, link: &Link<'a>) {
        let inference = &self.proof.inferences[link.at];
        let concludes = self.words.conclusion(&inference.clauses);
        let mut premises: Vec<Premise> = Vec::new();
        let mut said: Vec<String> = Vec::new();
        for at in &link.known {
            let number = self.number(*at);
            let step = self.told.get(at).copied();
            let text = step.map_or_else(String::new, |step| self.steps[step].concludes.clone());
            said.push(format!("we know from ({number}) that {text}"));
            premises.push(Premise { text, step });
        }
        for text in self.words.facts(&link.facts) {
            said.push(text.clone());
            premises.push(Premise { text, step: None });
        }
        let before = link.child.and_then(|child| self.told.get(&child)).copied();
        if let Some(step) = before {
            let text = self.steps[step].concludes.clone();
            premises.insert(
                0,
                Premise {
                    text,
                    step: Some(step),
                },
            );
        }
        let follows = before.is_some_and(|step| step + 1 == self.steps.len());
        let because = if follows { "And because" } else { "Because" };
        let said = match said.as_slice() {
            [one, two] if one.contains(", ") || one.contains(" but ") => {
                format!("{one}, and {two}")
            }
            _ => listed(said.into_iter(), "and"),
        };
        let sentence = format!("{because} {said}, we can conclude that {concludes}.");
        self.steps.push(Argument {
            sentence: brief(sentence, &self.markers(link)),
            number: None,
            follows,
            premises,
            concludes,
            projects: self.projects(link),
        });
        self.told.insert(link.at, self.steps.len() - 1);
        if inference.is_shared {
            self.number(link.at);
        }
    }

    /// The number by which an inference that was told is referred to.
    fn number(&mut self, at: usize) -> usize {
        let Some(step) = self.told.get(&at).and_then(|at| self.steps.get_mut(*at)) else {
            return 0;
        };
        *step.number.get_or_insert_with(|| {
            self.numbers += 1;
            self.numbers
        })
    }

    /// The conditions that a sentence repeats, where they are long.
    fn markers(&self, link: &Link<'a>) -> Vec<String> {
        let inference = &self.proof.inferences[link.at];
        let clauses = inference.clauses.iter().map(|clause| &clause.subject);
        let wanted = link.facts.iter().filter_map(|fact| match fact {
            Fact::Depends { to, .. } | Fact::Bound { to, .. } => Some(to),
            Fact::Unavailable(_) | Fact::Python(_) => None,
        });
        let mut markers: Vec<String> = clauses
            .chain(wanted)
            .map(|subject| self.words.condition(subject))
            .filter(|marker| marker.len() > LONG_MARKER)
            .collect();
        markers.sort();
        markers.dedup();
        markers
    }

    fn projects(&self, link: &Link<'a>) -> Vec<PackageName> {
        let inference = &self.proof.inferences[link.at];
        let clauses = inference.clauses.iter().map(|clause| &clause.subject);
        let mut names: Vec<PackageName> = clauses
            .filter_map(|subject| subject.name().cloned())
            .collect();
        for fact in &link.facts {
            match fact {
                Fact::Depends { from, to, .. } => {
                    names.extend(from.name().cloned());
                    names.extend(to.name().cloned());
                }
                Fact::Unavailable(unavailable) => names.push(unavailable.name.clone()),
                Fact::Bound { to, .. } => names.extend(to.name().cloned()),
                Fact::Python(_) => {}
            }
        }
        names.sort();
        names.dedup();
        names
    }
}

/// A sentence that says each of these conditions once.
fn brief(mut sentence: String, markers: &[String]) -> String {
    for marker in markers {
        let ending = format!("{marker}`");
        let Some(first) = sentence.find(&ending) else {
            continue;
        };
        let (start, rest) = sentence.split_at(first + ending.len());
        sentence = format!("{start}{}", rest.replace(&ending, "` (same marker)"));
    }
    sentence
}

/// Whether facts need no conclusion of their own: one depends on what cannot be had.
fn is_plain(facts: &[&Fact]) -> bool {
    matches!(
        facts,
        [Fact::Unavailable(_), Fact::Depends { .. }] | [Fact::Depends { .. }, Fact::Unavailable(_)]
    )
}
