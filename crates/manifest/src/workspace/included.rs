//! The conflicts that follow from includes: a group conflicts with whatever a group that it
//! includes conflicts with.
//!
//! A lock shows these sets in the order in which uv 0.13.8 finds them, and that is the order of
//! hash tables without a random seed. So the tables here are filled as uv fills its own, and hash
//! alike on every platform.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use packaging::{ConflictItem, ConflictKind, GroupName, PackageName};

use crate::Manifest;
use crate::groups::GroupItem;

type Set = Vec<ConflictItem>;
type Table<T> = HashSet<T, BuildHasherDefault<Fx>>;
type Substitutes = HashMap<ConflictItem, Table<ConflictItem>, BuildHasherDefault<Fx>>;

/// A group, or what a conflict calls so: uv 0.13.8 does not ask whose group it is.
struct Node {
    item: ConflictItem,
    /// Those that include it, in the order of their names.
    includers: Vec<usize>,
    /// The conflicting groups it includes, itself among them.
    stands_for: Table<ConflictItem>,
}

/// Adds the sets in which a group stands for a conflicting group that it includes.
pub(super) fn add(sets: &mut Vec<Set>, name: &PackageName, manifest: &Manifest) {
    let mut nodes = nodes(sets, name, manifest);
    let mut substitutes = Substitutes::default();
    for at in from_included_to_including(&nodes) {
        for includer in nodes[at].includers.clone().into_iter().rev() {
            let inherited: Vec<ConflictItem> = nodes[at].stands_for.iter().cloned().collect();
            for conflicting in &inherited {
                let known = substitutes.entry(conflicting.clone()).or_default();
                known.insert(nodes[includer].item.clone());
            }
            nodes[includer].stands_for.extend(inherited);
        }
    }
    for (conflicting, substitutes) in substitutes {
        let mut found: Table<Set> = Table::default();
        for set in sets.iter().filter(|set| set.contains(&conflicting)) {
            for substitute in &substitutes {
                let mut derived: BTreeSet<_> = set.iter().cloned().collect();
                derived.remove(&conflicting);
                // Where a group includes one that it conflicts with, itself alone remains.
                derived.insert(substitute.clone());
                let derived: Set = derived.into_iter().collect();
                if !sets.contains(&derived) {
                    found.insert(derived);
                }
            }
        }
        sets.extend(found);
    }
}

/// The groups that conflict, in that order, then the others by name.
fn nodes(sets: &[Set], name: &PackageName, manifest: &Manifest) -> Vec<Node> {
    let conflicting = sets.iter().flatten().filter_map(|item| match &item.kind {
        ConflictKind::Group(group) => Some((group, item)),
        ConflictKind::Extra(_) | ConflictKind::Project => None,
    });
    let mut names: Vec<&GroupName> = Vec::new();
    let mut nodes = Vec::new();
    for (group, item) in conflicting {
        if !names.contains(&group) {
            names.push(group);
            nodes.push(Node {
                item: item.clone(),
                includers: Vec::new(),
                stands_for: std::iter::once(item.clone()).collect(),
            });
        }
    }
    let mut groups: Vec<_> = manifest.groups.iter().collect();
    groups.sort_by_key(|group| &group.name);
    for group in &groups {
        if !names.contains(&&group.name) {
            names.push(&group.name);
            nodes.push(Node {
                item: ConflictItem {
                    package: name.clone(),
                    kind: ConflictKind::Group(group.name.clone()),
                },
                includers: Vec::new(),
                stands_for: Table::default(),
            });
        }
    }
    let place = |group: &GroupName| names.iter().position(|name| *name == group);
    for group in &groups {
        for item in &group.items {
            if let GroupItem::Include { name, .. } = item
                && let (Some(included), Some(includer)) = (place(name), place(&group.name))
            {
                nodes[included].includers.push(includer);
            }
        }
    }
    nodes
}

/// The nodes so that each comes before those that include it, by a search in depth.
fn from_included_to_including(nodes: &[Node]) -> Vec<usize> {
    let (mut seen, mut finished) = (BTreeSet::new(), Vec::new());
    for start in 0..nodes.len() {
        let mut stack = vec![start];
        while let Some(at) = stack.last().copied() {
            if seen.insert(at) {
                let includers = nodes[at].includers.iter().rev();
                stack.extend(includers.filter(|at| !seen.contains(at)));
            } else {
                stack.pop();
                if !finished.contains(&at) {
                    finished.push(at);
                }
            }
        }
    }
    finished.reverse();
    finished
}

/// The hash function known as Fx, version 2, as it is on 64 bits.
#[derive(Default)]
struct Fx(u64);

impl Fx {
    fn add(&mut self, word: u64) {
        self.0 = self
            .0
            .wrapping_add(word)
            .wrapping_mul(0xf135_7aea_2e62_a9c5);
    }
}

impl Hasher for Fx {
    fn write(&mut self, bytes: &[u8]) {
        self.add(mix_bytes(bytes));
    }

    fn write_u8(&mut self, byte: u8) {
        self.add(u64::from(byte));
    }

    fn write_usize(&mut self, number: usize) {
        self.add(number as u64);
    }

    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }
}

fn mix_bytes(bytes: &[u8]) -> u64 {
    let (mut first, mut second) = (0x243f_6a88_85a3_08d3_u64, 0x1319_8a2e_0370_7344_u64);
    let word = |bytes: &[u8]| {
        let bytes = bytes.iter().rev();
        bytes.fold(0, |word, byte| word << 8 | u64::from(*byte))
    };
    let length = bytes.len();
    match length {
        0 => {}
        1..4 => {
            first ^= word(&bytes[..1]);
            second ^= word(&[bytes[length / 2], bytes[length - 1]]);
        }
        4..8 => {
            first ^= word(&bytes[..4]);
            second ^= word(&bytes[length - 4..]);
        }
        8..=16 => {
            first ^= word(&bytes[..8]);
            second ^= word(&bytes[length - 8..]);
        }
        _ => {
            for chunk in bytes[..length - 1].chunks_exact(16) {
                let (left, right) = (word(&chunk[..8]), word(&chunk[8..]));
                let mixed = multiply(first ^ left, 0xa409_3822_299f_31d0 ^ right);
                (first, second) = (second, mixed);
            }
            first ^= word(&bytes[length - 16..length - 8]);
            second ^= word(&bytes[length - 8..]);
        }
    }
    multiply(first, second) ^ length as u64
}

fn multiply(left: u64, right: u64) -> u64 {
    let full = u128::from(left) * u128::from(right);
    let low = u64::try_from(full & u128::from(u64::MAX)).unwrap_or(0);
    let high = u64::try_from(full >> 64).unwrap_or(0);
    low ^ high
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::Workspace;

    /// The sets of a project with these groups and conflicts, one a line.
    fn sets(groups: &str, conflicts: &str) -> String {
        let text = format!(
            "[project]\nname = \"p\"\nversion = \"1\"\n\
             [project.optional-dependencies]\nx = [\"b\"]\ny = [\"b\"]\n\
             [dependency-groups]\n{groups}\n[tool.uv]\nconflicts = {conflicts}\n"
        );
        let files = BTreeMap::from([("pyproject.toml".to_owned(), text)]);
        let workspace = Workspace::from_files(&files, ".").0.unwrap();
        let sets = workspace.conflicts().unwrap();
        let lines = sets.iter().map(|set| {
            let names = set.iter().map(|item| match &item.kind {
                ConflictKind::Extra(extra) => extra.to_string(),
                ConflictKind::Group(group) => format!("{}:{group}", item.package),
                ConflictKind::Project => item.package.to_string(),
            });
            names.collect::<Vec<_>>().join(" ")
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// As uv 0.13.8 orders them.
    #[test]
    fn sets_come_in_the_order_of_uv() {
        let two =
            "dev = []\ntest = [{ include-group = \"dev\" }]\nlint = [{ include-group = \"dev\" }]";
        let conflicts =
            r#"[[{ group = "dev" }, { extra = "x" }], [{ group = "dev" }, { extra = "y" }]]"#;
        assert_eq!(
            sets(two, conflicts),
            "x p:dev\ny p:dev\ny p:lint\nx p:test\ny p:test\nx p:lint"
        );
        let chain =
            "dev = []\ntest = [{ include-group = \"dev\" }]\nall = [{ include-group = \"test\" }]";
        let conflicts = r#"[[{ group = "dev" }, { extra = "x" }]]"#;
        assert_eq!(sets(chain, conflicts), "x p:dev\nx p:all\nx p:test");
        let both = "dev = []\ndoc = []\nlint = []\nt1 = [{ include-group = \"dev\" }]\nt2 = [{ include-group = \"doc\" }]\nt3 = [{ include-group = \"lint\" }]\nt4 = [{ include-group = \"t3\" }]";
        let conflicts = r#"[[{ group = "dev" }, { group = "doc" }, { group = "lint" }]]"#;
        assert_eq!(
            sets(both, conflicts),
            "p:dev p:doc p:lint\np:dev p:doc p:t3\np:dev p:doc p:t4\np:doc p:lint p:t1\np:doc p:t1 p:t3\np:doc p:t1 p:t4\np:dev p:lint p:t2\np:t1 p:t2 p:t3\np:dev p:t2 p:t3\np:dev p:t2 p:t4\np:lint p:t1 p:t2\np:t1 p:t2 p:t4"
        );
    }

    /// uv 0.13.8 does not ask whose group conflicts, only what it is called.
    #[test]
    fn groups_go_by_their_names() {
        let groups = "dev = []\ntest = [{ include-group = \"dev\" }]";
        let conflicts = r#"[[{ package = "other", group = "dev" }, { extra = "x" }]]"#;
        assert_eq!(sets(groups, conflicts), "other:dev x\nx p:test");
    }

    #[test]
    fn long_names_count_whole() {
        let groups = "a-very-long-group-name-indeed = []\nz = [{ include-group = \"a-very-long-group-name-indeed\" }]\nanother-rather-long-name = [{ include-group = \"a-very-long-group-name-indeed\" }]\nseventeen-chars-x = [{ include-group = \"another-rather-long-name\" }]";
        let conflicts = r#"[[{ group = "a-very-long-group-name-indeed" }, { extra = "x" }]]"#;
        let expected = "x p:a-very-long-group-name-indeed\nx p:seventeen-chars-x\nx p:another-rather-long-name\nx p:z";
        assert_eq!(sets(groups, conflicts), expected);
    }
}
