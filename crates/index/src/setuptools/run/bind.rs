//! What names, attributes and entries come to hold.

use super::call::imported;
use super::{Run, Runner};
use crate::setuptools::modules::{Presence, presence};
use crate::setuptools::syntax::{Expression, Import};
use crate::setuptools::value::{Object, SIZE_LIMIT, Value};

impl Runner<'_> {
    pub(super) fn presence(&self, import: &Import) -> Presence {
        match presence(import, self.source) {
            Presence::Missing if self.changes_path => Presence::Uncertain,
            presence => presence,
        }
    }

    pub(super) fn import(&mut self, imports: &[Import]) -> Run<()> {
        for import in imports {
            let root = import.module.split('.').next().unwrap_or_default();
            match self.presence(import) {
                Presence::Present => {}
                Presence::Missing => {
                    return Err(format!(
                        "`setup.py` imports `{root}`, which is not there when it is built"
                    ));
                }
                Presence::Uncertain => {
                    return Err(format!("`setup.py` imports `{root}`"));
                }
            }
            let value = match &import.member {
                None if import.bound == root => Value::Imported(root.into()),
                None => Value::Imported(import.module.as_str().into()),
                Some(member) if member == "*" => {
                    self.import_all(&import.module);
                    continue;
                }
                Some(member) => imported(&format!("{}.{member}", import.module)),
            };
            self.set(&import.bound, value);
        }
        Ok(())
    }

    fn import_all(&mut self, module: &str) {
        self.forget_everything();
        let is_setuptools = matches!(module, "setuptools" | "distutils.core");
        for name in [
            "open", "list", "tuple", "dict", "str", "len", "print", "sorted",
        ] {
            if !is_setuptools {
                self.set(name, Value::Unknown);
            }
        }
        if is_setuptools {
            self.set("setup", Value::Imported("setuptools.setup".into()));
        }
    }

    pub(super) fn assign(&mut self, target: &Expression, value: Value) -> Run<()> {
        match target {
            Expression::Name(name) => self.set(name, value),
            Expression::Index(container, index) => {
                let container = self.value(container)?;
                let index = self.value(index)?;
                self.store(&container, index, value)?;
            }
            Expression::Tuple(targets) | Expression::List(targets) => {
                let values = self.iterate(&value).filter(|values| {
                    values.len() == targets.len()
                        && !targets
                            .iter()
                            .any(|target| matches!(target, Expression::Starred(_)))
                });
                match values {
                    Some(values) => {
                        for (target, value) in targets.iter().zip(values) {
                            self.assign(target, value)?;
                        }
                    }
                    None => {
                        self.forget(&value);
                        for target in targets {
                            self.assign(target, Value::Unknown)?;
                        }
                    }
                }
            }
            Expression::Starred(target) => {
                self.forget(&value);
                self.assign(target, Value::Unknown)?;
            }
            Expression::Attribute(object, name) => {
                let object = self.value(object)?;
                self.forget(&object);
                self.forget(&value);
                if let Value::Imported(module) = object
                    && (module.starts_with("setuptools") || module.starts_with("distutils"))
                {
                    return Err(format!("`setup.py` changes `{module}.{name}`"));
                }
            }
            _ => self.forget_everything(),
        }
        Ok(())
    }

    /// `container[index] = value`.
    fn store(&mut self, container: &Value, index: Value, value: Value) -> Run<()> {
        if let Value::Object(at) = container
            && let Some(Object::Dict(entries)) = self.heap.get_mut(*at)
            && let Value::Text(_) = index
        {
            put(entries, index, value);
            return Ok(());
        }
        if let Value::Imported(name) = container
            && name.starts_with("sys.")
        {
            return Err(format!("`setup.py` changes `{name}`"));
        }
        self.forget(container);
        self.forget(&value);
        Ok(())
    }

    pub(super) fn add_to(&mut self, target: &Expression, value: &Expression) -> Run<()> {
        let current = self.value(target)?;
        let value = self.value(value)?;
        if let Value::Object(at) = current {
            let elements = self.iterate(&value);
            match (self.heap.get_mut(at), elements) {
                (Some(Object::List(list)), Some(elements))
                    if list.len() + elements.len() < SIZE_LIMIT / 64 =>
                {
                    list.extend(elements);
                }
                _ => {
                    self.forget(&current);
                    self.forget(&value);
                }
            }
            return Ok(());
        }
        let sum = self.sum(&current, &value);
        self.assign(target, sum)
    }

    pub(super) fn bind_here(&mut self, target: &Expression, value: Value) {
        match target {
            Expression::Name(name) => {
                if let Some(scope) = self.scopes.last_mut() {
                    scope.names.insert(name.clone(), value);
                }
            }
            Expression::Tuple(targets) | Expression::List(targets) => {
                let values = self
                    .iterate(&value)
                    .filter(|values| values.len() == targets.len())
                    .unwrap_or_else(|| vec![Value::Unknown; targets.len()]);
                for (target, value) in targets.iter().zip(values) {
                    self.bind_here(target, value);
                }
            }
            _ => self.forget_everything(),
        }
    }
}

/// Sets an entry of a dictionary; a known key keeps its place.
pub(in crate::setuptools) fn put(entries: &mut Vec<(Value, Value)>, key: Value, value: Value) {
    let found = entries
        .iter_mut()
        .find(|(known, _)| known.equals(&key) == Some(true));
    match found {
        Some((_, place)) => *place = value,
        None => entries.push((key, value)),
    }
}
