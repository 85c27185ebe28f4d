//! What the files of a project at hand declare, as they were written.
//!
//! Unlike the metadata of an archive it needs no confirmation by an earlier build: the author's
//! own files are all there is. A name or version that is computed is left out.

use super::run::SetupCall;
use super::source::Source;
use super::value::Value;
use super::{REFUSED, Stated};

/// What a project declares.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Declared {
    /// The Pythons it is for.
    pub requires_python: Option<String>,
    /// What it always requires, a requirement each.
    pub requirements: Vec<String>,
    /// What its extras require. A name may have a condition, as in `name:marker`.
    pub extras: Vec<(String, Vec<String>)>,
    /// Everything else that is stated literally, by the names of keywords of `setup`.
    pub fields: Vec<(String, Field)>,
}

/// A value stated literally.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Field {
    /// A text.
    Text(String),
    /// A list of texts.
    List(Vec<String>),
    /// A table of values by name.
    Table(Vec<(String, Field)>),
}

impl Declared {
    /// A field by its name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        let found = self.fields.iter().find(|(known, _)| known == name);
        found.map(|(_, field)| field)
    }

    /// The text of a field.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.field(name)? {
            Field::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// What `setup.py` and `setup.cfg` declare, or why only a build would tell.
pub(crate) fn declared(source: &mut Source) -> Result<Declared, String> {
    let stated = Stated::read(source)?;
    for keyword in REFUSED {
        if let Some(value) = stated.keyword(keyword)
            && !matches!(value, Value::Bool(false))
        {
            return Err(format!("`setup.py` uses `{keyword}`"));
        }
    }
    stated.check_commands()?;
    let mut declared = Declared {
        requires_python: stated.python()?,
        ..Declared::default()
    };
    for (extra, lines) in stated.sections(source)? {
        match extra {
            None => declared.requirements = lines,
            Some(extra) => declared.extras.push((extra, lines)),
        }
    }
    declared.fields = stated.fields();
    Ok(declared)
}

impl Stated {
    /// The keywords of `setup`, then the options of `setup.cfg` that it leaves open.
    fn fields(&self) -> Vec<(String, Field)> {
        let mut fields: Vec<(String, Field)> = Vec::new();
        for (name, value) in self.call.iter().flat_map(SetupCall::keywords) {
            let call = self.call.as_ref();
            if let Some(field) = call.and_then(|call| field(call, value, 0)) {
                fields.push((name.to_owned(), field));
            }
        }
        let mut add = |name: &str, field: Field| {
            let name = name.replace('-', "_").to_ascii_lowercase();
            if fields.iter().all(|(known, _)| *known != name) {
                fields.push((name, field));
            }
        };
        for (option, value) in self.config.section("metadata") {
            add(option, configured(value));
        }
        let entry_points = self.config.section("options.entry_points");
        if !entry_points.is_empty() {
            let groups = entry_points
                .iter()
                .map(|(group, value)| (group.clone(), configured(value)));
            add("entry_points", Field::Table(groups.collect()));
        }
        fields
    }
}

/// An option's value: several lines are a list.
fn configured(value: &str) -> Field {
    match value.contains('\n') {
        true => Field::List(
            super::setup_cfg::list(value, '\n')
                .into_iter()
                .map(str::to_owned)
                .collect(),
        ),
        false => Field::Text(value.to_owned()),
    }
}

/// A value, if every part of it is known.
fn field(call: &SetupCall, value: &Value, depth: usize) -> Option<Field> {
    if depth > 4 {
        return None;
    }
    if let Some(text) = value.as_text() {
        return Some(Field::Text(text.to_owned()));
    }
    if let Some(entries) = call.entries(value) {
        let entries = entries.iter().map(|(key, value)| {
            let key = key.as_text()?.to_owned();
            Some((key, field(call, value, depth + 1)?))
        });
        return entries.collect::<Option<_>>().map(Field::Table);
    }
    let elements = call.elements(value)?.iter();
    let texts = elements.map(|element| element.as_text().map(str::to_owned));
    texts.collect::<Option<_>>().map(Field::List)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[(&str, &str)]) -> Result<Declared, String> {
        declared(&mut Source::of(files))
    }

    #[test]
    fn literal_arguments_are_declared() {
        let setup = "from setuptools import setup, find_packages\n\
            deps = ['requests>=2', \"six ; python_version < '3'\"]\n\
            setup(name='demo', version='1.0', packages=find_packages(), install_requires=deps,\n\
            extras_require={'test': ['pytest'], ':os_name == \"nt\"': ['colorama']},\n\
            python_requires='>=3.9', entry_points={'console_scripts': ['demo = demo:main']},\n\
            project_urls={'Source': 'https://forge.example/demo'})\n";
        let declared = of(&[("setup.py", setup)]).unwrap();
        assert_eq!(declared.text("name"), Some("demo"));
        assert_eq!(declared.requires_python.as_deref(), Some(">=3.9"));
        assert_eq!(declared.requirements.len(), 2);
        assert_eq!(declared.extras[0], ("test".into(), vec!["pytest".into()]));
        let scripts = Field::List(vec!["demo = demo:main".to_owned()]);
        let scripts = Field::Table(vec![("console_scripts".to_owned(), scripts)]);
        assert_eq!(declared.field("entry_points"), Some(&scripts));
        assert_eq!(declared.field("packages"), None);
    }

    #[test]
    fn setup_cfg_declares_what_setup_py_leaves_open() {
        let config = "[metadata]\nname = demo\nversion = attr: demo.__version__\nauthor-email = a@b.example\n\
            [options]\ninstall_requires =\n    requests>=2\n    six\n\
            [options.entry_points]\nconsole_scripts =\n    demo = demo:main\n";
        let setup = "import setuptools\nsetuptools.setup(name='other')\n";
        let declared = of(&[("setup.py", setup), ("setup.cfg", config)]).unwrap();
        assert_eq!(declared.text("name"), Some("other"));
        assert_eq!(declared.text("author_email"), Some("a@b.example"));
        assert_eq!(declared.requirements, ["requests>=2", "six"]);
    }

    #[test]
    fn what_is_computed_is_an_error_or_left_out() {
        let setup = "from setuptools import setup\nimport os\nsetup(name='x', version=os.environ['V'], install_requires=['a'])\n";
        let declared = of(&[("setup.py", setup)]).unwrap();
        assert_eq!(declared.text("version"), None);
        assert_eq!(declared.requirements, ["a"]);
        let setup = "from setuptools import setup\nimport os\nsetup(install_requires=os.environ['D'].split())\n";
        assert!(of(&[("setup.py", setup)]).is_err());
        assert!(of(&[("README.md", "")]).is_err());
    }
}
