//! Calls: of `setup`, of functions of the file, and of what is known by name.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::bind::put;
use super::passed_over::{DANGER, is_setup};
use super::{Flow, Run, Runner, Scope, SetupCall, follow};
use crate::setuptools::methods;
use crate::setuptools::syntax::{Argument, Expression, Function};
use crate::setuptools::value::{Object, Value};

impl Runner<'_> {
    pub(super) fn call(&mut self, callee: &Expression, arguments: &[Argument]) -> Run<Value> {
        let name = match callee {
            Expression::Name(name) => name.as_str(),
            Expression::Attribute(_, name) => name.as_str(),
            _ => "",
        };
        let callee = self.value(callee)?;
        let mut positional = Some(Vec::new());
        let mut keywords = Some(Vec::new());
        for argument in arguments {
            match argument {
                Argument::Positional(Expression::Starred(value)) => {
                    let value = self.value(value)?;
                    self.forget(&value);
                    self.drop_all(&mut positional);
                }
                Argument::Positional(value) => {
                    let value = self.value(value)?;
                    match &mut positional {
                        Some(positional) => positional.push(value),
                        None => self.forget(&value),
                    }
                }
                Argument::Keyword(name, value) => {
                    let value = self.value(value)?;
                    match &mut keywords {
                        Some(keywords) => keywords.push((name.clone(), value)),
                        None => self.forget(&value),
                    }
                }
                Argument::Keywords(value) => {
                    let value = self.value(value)?;
                    match (&mut keywords, self.entries(&value)) {
                        (Some(keywords), Some(entries))
                            if entries.iter().all(|(key, _)| key.as_text().is_some()) =>
                        {
                            keywords.extend(entries.into_iter().filter_map(|(key, value)| {
                                Some((key.as_text()?.to_owned(), value))
                            }));
                        }
                        _ => {
                            self.forget(&value);
                            for (_, value) in keywords.take().into_iter().flatten() {
                                self.forget(&value);
                            }
                        }
                    }
                }
            }
        }
        if let (Value::Unknown, "exec", Some([Value::Text(code), Value::Object(at)])) =
            (&callee, name, positional.as_deref())
            && matches!(self.heap.get(*at), Some(Object::Dict(_)))
        {
            self.execute(&code.clone(), *at);
            return Ok(Value::None);
        }
        if is_setup(&callee) {
            self.called(positional, keywords)?;
            return Ok(Value::Unknown);
        }
        let (Some(positional), Some(keywords)) = (positional, keywords) else {
            self.forget(&callee);
            return self.unknown_call(name, &callee, &[], &[]);
        };
        if let Value::Function(function) = &callee {
            return self.call_function(function, &positional, &keywords);
        }
        if let Some(value) = methods::call(self, &callee, &positional, &keywords)? {
            return Ok(value);
        }
        self.unknown_call(name, &callee, &positional, &keywords)
    }

    /// Runs a program of its own names, and puts those into a dictionary.
    fn execute(&mut self, code: &str, at: usize) {
        let Some(Object::Dict(mut entries)) = self.heap.get(at).cloned() else {
            return;
        };
        let is_empty = entries.is_empty();
        match follow(code, "<string>", self.source) {
            Ok(program) if is_empty && program.call.is_none() && !program.has_moved => {
                for (name, value) in program.globals {
                    let value = match value {
                        Value::Text(_) | Value::Number(_) | Value::Bool(_) | Value::None => value,
                        _ => Value::Unknown,
                    };
                    put(&mut entries, Value::text(&name), value);
                }
                self.heap[at] = Object::Dict(entries);
            }
            _ => self.forget(&Value::Object(at)),
        }
    }

    fn drop_all(&mut self, values: &mut Option<Vec<Value>>) {
        for value in values.take().into_iter().flatten() {
            self.forget(&value);
        }
    }

    /// A call of something that is not known: it may change whatever it is given.
    fn unknown_call(
        &mut self,
        name: &str,
        callee: &Value,
        positional: &[Value],
        keywords: &[(String, Value)],
    ) -> Run<Value> {
        for value in positional
            .iter()
            .chain(keywords.iter().map(|(_, value)| value))
        {
            self.forget(value);
            match value {
                Value::Function(function) => self.check_for_setup(&function.words)?,
                value if is_setup(value) => {
                    return Err("`setup.py` hands `setup` to something else".to_owned());
                }
                _ => {}
            }
        }
        self.forget(callee);
        if let Value::Function(function) = callee {
            self.check_for_setup(&function.words)?;
        }
        match name {
            "exit" | "_exit" | "quit" | "abort" if !self.is_in_function() => {
                return Err(format!("`setup.py` ends with `{name}`"));
            }
            // With a namespace of its own, it changes only that.
            "exec" | "eval" if positional.len() >= 2 => {}
            "exec" | "eval" | "globals" | "locals" | "vars" | "execfile" => {
                self.forget_everything();
            }
            "setattr" | "delattr" => {
                if let Some(Value::Imported(module)) = positional.first()
                    && (module.starts_with("setuptools") || module.starts_with("distutils"))
                {
                    return Err(format!("`setup.py` changes `{module}`"));
                }
            }
            _ => {}
        }
        Ok(Value::Unknown)
    }

    /// Notes the call of `setup`.
    fn called(
        &mut self,
        positional: Option<Vec<Value>>,
        keywords: Option<Vec<(String, Value)>>,
    ) -> Run<()> {
        if self.call.is_some() {
            return Err("`setup.py` calls `setup` more than once".to_owned());
        }
        let has_positional = positional.is_none_or(|positional| !positional.is_empty());
        let Some(keywords) = keywords.filter(|_| !has_positional) else {
            return Err("`setup.py` calls `setup` with arguments that are not known".to_owned());
        };
        // The build happens now: what the program does to them later matters to nobody.
        self.call = Some(SetupCall {
            keywords,
            heap: self.heap.clone(),
        });
        Ok(())
    }

    fn call_function(
        &mut self,
        function: &Rc<Function>,
        positional: &[Value],
        keywords: &[(String, Value)],
    ) -> Run<Value> {
        let mut names = BTreeMap::new();
        let mut is_known = positional.len() <= function.parameters.len();
        for (at, (parameter, default)) in function.parameters.iter().enumerate() {
            let given = positional.get(at).or_else(|| {
                let named = keywords.iter().find(|(name, _)| name == parameter);
                named.map(|(_, value)| value)
            });
            let value = match (given, default) {
                (Some(value), _) => value.clone(),
                // Defaults are shared by all calls.
                (None, Some(Expression::Text(text))) => Value::text(text),
                (None, Some(Expression::None)) => Value::None,
                (None, Some(Expression::Bool(truth))) => Value::Bool(*truth),
                (None, Some(_)) => Value::Unknown,
                (None, None) => {
                    is_known = false;
                    Value::Unknown
                }
            };
            names.insert(parameter.clone(), value);
        }
        is_known &= keywords
            .iter()
            .all(|(name, _)| function.parameters.iter().any(|(known, _)| known == name));
        let depth = self.scopes.iter().filter(|scope| scope.is_function).count();
        if !is_known || depth > 8 {
            let callee = Value::Function(Rc::clone(function));
            return self.unknown_call("", &callee, positional, keywords);
        }
        self.scopes.push(Scope {
            is_function: true,
            names,
        });
        let flow = self.block(&function.body);
        self.scopes.pop();
        match flow? {
            Flow::Next => Ok(Value::None),
            Flow::Return(Value::Unknown) => {
                self.check_for_setup(&function.words)?;
                for value in positional
                    .iter()
                    .chain(keywords.iter().map(|(_, value)| value))
                {
                    self.forget(value);
                }
                if DANGER[1..]
                    .iter()
                    .any(|word| function.words.contains(*word))
                {
                    self.forget_everything();
                }
                Ok(Value::Unknown)
            }
            Flow::Return(value) => Ok(value),
        }
    }
}

/// What a name is before it is bound.
pub(super) fn builtin(name: &str) -> Value {
    match name {
        "open" | "list" | "tuple" | "dict" | "str" | "len" | "print" | "sorted" | "__import__" => {
            Value::Imported(format!("builtins.{name}").into())
        }
        _ => Value::Unknown,
    }
}

/// Something by its full name, where that means something.
pub(in crate::setuptools) fn imported(name: &str) -> Value {
    match name {
        "sys.version_info" => Value::Version(5),
        "sys.hexversion" => Value::Hex,
        _ => Value::Imported(name.into()),
    }
}
