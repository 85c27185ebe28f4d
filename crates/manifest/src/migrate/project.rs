//! `[project]` and `[dependency-groups]`.

use toml_edit::{Item, Table, Value};

use super::comments::Comments;
use super::edit::{self, Element, comment, first, heading, inline, last, list, set, texts};
use super::lines::Targeted;
use super::metadata::{Metadata, Person, is_spdx};
use super::{Rewriting, Target, Words};

impl Rewriting<'_> {
    /// Writes `[project]`: what is there stays, what another table says is added.
    pub(super) fn project(&mut self, lines: &Targeted) {
        let metadata = self.metadata();
        let has_project = self.document.contains_key("project");
        let asks = !lines.dependencies.is_empty() || metadata.name.is_some();
        if !has_project && !asks && self.origin.manifest.project.is_none() {
            return;
        }
        let place = self.place_of_origin();
        let heading = self.heading_of_origin().filter(|_| !has_project);
        let is_empty = self.document.as_table().is_empty();
        let position = match (has_project, place) {
            (true, _) => None,
            (false, Some(place)) => Some(place - 500),
            // Before everything else.
            (false, None) => Some(first(self.document.as_item()).unwrap_or(1000) - 500),
        };
        let is_first = position.is_some()
            && first(self.document.as_item()).is_none_or(|it| position <= Some(it));
        if let (Some(_), Some(_)) = (&heading, place) {
            self.forget_heading();
        }
        if is_first && !is_empty {
            self.push_down();
        }
        let words = self.origin.words;
        let leaves_poetry = words == Words::Poetry && self.target != Target::Poetry;
        let name = self.name(&metadata);
        let version = metadata.version.clone();
        if name.is_none() && !has_project {
            let folder = self.origin.folder.to_owned();
            self.lose(format!(
                "the project had no name: it is called `{folder}` now"
            ));
        }
        let name = name.unwrap_or_else(|| self.origin.folder.to_owned());
        let python = self.wanted.requires_python.clone();
        let is_dynamic = |table: &Table, key: &str| {
            let dynamic = table.get("dynamic").and_then(Item::as_array);
            dynamic.is_some_and(|it| it.iter().any(|word| word.as_str() == Some(key)))
        };
        let Some(project) = edit::table(
            &mut self.document,
            &["project"],
            position.unwrap_or_default(),
        ) else {
            return;
        };
        if let Some(heading) = heading {
            project.decor_mut().set_prefix(heading);
        } else if is_first && !has_project && edit::is_bare(project) {
            project.decor_mut().set_prefix("");
        }
        let is_poetry = words == Words::Poetry;
        let mut put = |key: &str, value: Option<Value>| {
            let Some(value) = value.filter(|_| !project.contains_key(key)) else {
                return;
            };
            // What poetry reads in its own table is dynamic in `[project]`.
            if !is_dynamic(project, key) {
                project.insert(key, Item::Value(value));
            } else if is_poetry {
                no_longer_dynamic(project, key);
                project.insert(key, Item::Value(value));
            }
        };
        put("name", Some(name.into()));
        let is_version_dynamic = metadata.dynamic.iter().any(|it| it == "version");
        let version = version.or_else(|| (!is_version_dynamic).then(|| "0.1.0".to_owned()));
        put("version", version.map(Value::from));
        put(
            "description",
            metadata.description.as_deref().map(Value::from),
        );
        put("readme", metadata.readme.as_deref().map(Value::from));
        put("requires-python", python.map(Value::from));
        let is_classified = metadata
            .classifiers
            .iter()
            .any(|it| it.starts_with("License ::"));
        let said = metadata.license.as_deref();
        put("license", said.map(|it| license(it, is_classified)));
        put("authors", people(&metadata.authors));
        put("maintainers", people(&metadata.maintainers));
        put("keywords", listed(&metadata.keywords));
        put("classifiers", listed(&metadata.classifiers));
        put("dynamic", listed(&metadata.dynamic));
        for key in ["dependencies", "optional-dependencies", "requires-python"] {
            if is_poetry {
                no_longer_dynamic(project, key);
            }
        }
        // Without the key, uv takes a table of poetry for a sign that a build would tell more.
        let is_stated =
            project.contains_key("dependencies") || !lines.dependencies.is_empty() || leaves_poetry;
        if (is_stated || !has_project) && !is_dynamic(project, "dependencies") {
            let elements = lines.dependencies.iter().map(copy).collect();
            set(project, "dependencies", list(elements));
        }
        for (at, (key, entries)) in [
            ("urls", &metadata.urls),
            ("scripts", &metadata.scripts),
            ("gui-scripts", &metadata.gui_scripts),
        ]
        .into_iter()
        .enumerate()
        {
            self.project_table(&[key], entries, at);
        }
        for (group, entries) in &metadata.entry_points {
            self.project_table(&["entry-points", group], entries, 5);
        }
        self.optional(lines);
        metadata.losses.into_iter().for_each(|loss| self.lose(loss));
    }

    fn name(&self, metadata: &Metadata) -> Option<String> {
        let project = self.origin.manifest.project.as_ref();
        // A project in poetry need not have a name.
        let own = project.filter(|it| it.name_span != (0..0));
        let own = own.map(|it| it.raw_name.clone());
        metadata.name.clone().or(own)
    }

    /// What the project says of itself outside of `[project]`.
    fn metadata(&self) -> Metadata {
        let raw = &self.origin.manifest.raw;
        let poetry = raw.get("tool").and_then(|it| it.get("poetry"));
        match (self.origin.words, poetry.and_then(|it| it.as_table())) {
            (Words::Poetry, Some(poetry)) => Metadata::of_poetry(poetry),
            _ => self.origin.metadata.clone(),
        }
    }

    /// Where the table of the tool stands that the project was described in.
    fn place_of_origin(&self) -> Option<isize> {
        if self.origin.words != Words::Poetry {
            return None;
        }
        first(edit::existing(&self.document, &["tool", "poetry"])?)
    }

    fn heading_of_origin(&self) -> Option<String> {
        if self.origin.words != Words::Poetry {
            return None;
        }
        let poetry = edit::existing(&self.document, &["tool", "poetry"])?;
        heading(poetry)
    }

    /// The comments above the tool's table go with the project.
    fn forget_heading(&mut self) {
        let poetry = edit::existing_mut(&mut self.document, &["tool", "poetry"]);
        if let Some(table) = poetry.and_then(Item::as_table_mut) {
            table.decor_mut().set_prefix("\n");
        }
    }

    /// A blank line above what was the first table.
    fn push_down(&mut self) {
        let first = first(self.document.as_item());
        fn within(table: &mut Table, wanted: Option<isize>) {
            if table.position() == wanted && !table.is_implicit() {
                let prefix = table.decor().prefix().and_then(|it| it.as_str());
                let prefix = prefix.unwrap_or_default().to_owned();
                if !prefix.starts_with('\n') {
                    table.decor_mut().set_prefix(format!("\n{prefix}"));
                }
            }
            for (_, item) in table.iter_mut() {
                if let Some(table) = item.as_table_mut() {
                    within(table, wanted);
                }
            }
        }
        for (_, item) in self.document.as_table_mut().iter_mut() {
            if let Some(table) = item.as_table_mut() {
                within(table, first);
            }
        }
    }

    /// A table below `[project]`, where there is none yet.
    fn project_table(&mut self, path: &[&str], entries: &[(String, String)], at: usize) {
        let mut full = vec!["project"];
        full.extend(path);
        if entries.is_empty() || edit::existing(&self.document, &full).is_some() {
            return;
        }
        let own = self
            .document
            .get("project")
            .and_then(last)
            .unwrap_or_default();
        let place = own + 1 + isize::try_from(at).unwrap_or_default();
        if let Some(table) = edit::table(&mut self.document, &full, place) {
            for (key, value) in entries {
                set(table, key, value.as_str().into());
            }
        }
    }

    fn optional(&mut self, lines: &Targeted) {
        if lines.extras.is_empty() {
            return;
        }
        let own = self
            .document
            .get("project")
            .and_then(last)
            .unwrap_or_default();
        let path = ["project", "optional-dependencies"];
        let Some(table) = edit::table(&mut self.document, &path, own + 1) else {
            return;
        };
        for (name, elements) in &lines.extras {
            set(table, name, list(elements.iter().map(copy).collect()));
        }
    }

    /// Writes `[dependency-groups]`.
    pub(super) fn groups(&mut self, lines: &Targeted) {
        if lines.groups.is_empty() {
            return;
        }
        let project = self.document.get("project").and_then(last);
        let place = match project {
            Some(place) => place + 1,
            None => self.positions.end(),
        };
        let Some(table) = edit::table(&mut self.document, &["dependency-groups"], place) else {
            return;
        };
        for (name, elements, above) in &lines.groups {
            let is_new = !table.contains_key(name);
            set(table, name, list(elements.iter().map(copy).collect()));
            if is_new {
                comment(table, name, above);
            }
        }
    }
}

/// Takes a word out of `dynamic`.
fn no_longer_dynamic(project: &mut Table, key: &str) {
    let Some(dynamic) = project.get_mut("dynamic").and_then(Item::as_array_mut) else {
        return;
    };
    let is_named = dynamic.iter().any(|word| word.as_str() == Some(key));
    if !is_named {
        return;
    }
    dynamic.retain(|word| word.as_str() != Some(key));
    if let Some(first) = dynamic.get_mut(0)
        && first.decor().prefix().and_then(|it| it.as_str()) == Some(" ")
    {
        first.decor_mut().set_prefix("");
    }
    if dynamic.is_empty() {
        project.remove("dynamic");
    }
}

fn copy(element: &Element) -> Element {
    Element {
        value: element.value.clone(),
        comments: element.comments.clone(),
    }
}

fn listed(words: &[String]) -> Option<Value> {
    (!words.is_empty()).then(|| texts(words))
}

/// An SPDX expression as such, anything else as a text. Build backends refuse an expression beside
/// classifiers of licences.
fn license(license: &str, is_classified: bool) -> Value {
    match is_spdx(license) && !is_classified {
        true => license.into(),
        false => inline(&[("text", license.into())]),
    }
}

fn people(people: &[Person]) -> Option<Value> {
    if people.is_empty() {
        return None;
    }
    let elements = people.iter().map(|person| {
        let mut entries: Vec<(&str, Value)> = Vec::new();
        for (key, value) in [("name", &person.name), ("email", &person.email)] {
            entries.extend(value.as_deref().map(|it| (key, it.into())));
        }
        Element {
            value: inline(&entries),
            comments: Comments::default(),
        }
    });
    Some(list(elements.collect()))
}
