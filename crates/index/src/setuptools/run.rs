//! Follows a `setup.py` as far as everything is known, up to its call of `setup`.
//!
//! Nothing is ever guessed: where a condition, a call or a value is not known, every name that
//! occurs there is not known afterwards, and neither is what it leads to.

mod bind;
mod call;
mod expression;
mod operators;
mod passed_over;
mod shared;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::modules::{Presence, catches_import};
use super::names::{slice, words_of};
use super::parse::parse;
use super::source::Source;
use super::syntax::{Block, Expression, Kind, Statement};
use super::tokens::Token;
use super::value::{Object, SIZE_LIMIT, Value};
pub(super) use bind::put;
use call::builtin;
pub(super) use call::imported;
use shared::{find_rebound, find_shared};

/// Why a program says nothing for sure.
pub(super) type Run<T> = Result<T, String>;

/// How many statements and expressions are followed.
const STEP_LIMIT: usize = 200_000;

/// How deep calls and expressions are followed.
const DEPTH_LIMIT: usize = 120;

/// What follows a statement.
enum Flow {
    Next,
    Return(Value),
}

/// Names of a function call or of a comprehension.
struct Scope {
    is_function: bool,
    names: BTreeMap<String, Value>,
}

/// The state of a program.
pub(super) struct Runner<'a> {
    pub(super) source: &'a Source,
    tokens: Vec<Token>,
    globals: BTreeMap<String, Value>,
    scopes: Vec<Scope>,
    pub(super) heap: Vec<Object>,
    /// Names that functions mention: what they lead to may change at any time.
    shared: BTreeSet<String>,
    /// Names that functions bind anew.
    rebound: BTreeSet<String>,
    /// The one call of `setup`.
    call: Option<SetupCall>,
    /// Whether the working directory may be another one.
    pub(super) has_moved: bool,
    /// Whether `sys.path` occurs, which decides what can be imported.
    changes_path: bool,
    steps: usize,
    depth: usize,
}

/// The keywords that a `setup.py` calls `setup` with, and the objects that they refer to.
pub(super) struct SetupCall {
    keywords: Vec<(String, Value)>,
    heap: Vec<Object>,
}

impl SetupCall {
    /// A keyword, if it is there.
    pub(super) fn keyword(&self, name: &str) -> Option<&Value> {
        let found = self.keywords.iter().find(|(keyword, _)| keyword == name);
        found.map(|(_, value)| value)
    }

    /// Every keyword, in order.
    pub(super) fn keywords(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.keywords
            .iter()
            .map(|(name, value)| (name.as_str(), value))
    }

    /// The elements of a list or tuple.
    pub(super) fn elements<'a>(&'a self, value: &'a Value) -> Option<&'a [Value]> {
        match value {
            Value::Tuple(elements) => Some(elements),
            Value::Object(at) => match self.heap.get(*at) {
                Some(Object::List(elements)) => Some(elements),
                _ => None,
            },
            _ => None,
        }
    }

    /// The entries of a dictionary.
    pub(super) fn entries(&self, value: &Value) -> Option<&[(Value, Value)]> {
        match value {
            Value::Object(at) => match self.heap.get(*at) {
                Some(Object::Dict(entries)) => Some(entries),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Follows a `setup.py`.
pub(super) fn run(text: &str, source: &Source) -> Run<SetupCall> {
    let runner = follow(text, "setup.py", source)?;
    runner
        .call
        .ok_or_else(|| "`setup.py` does not call `setup` where it can be seen".to_owned())
}

/// Follows a program to its end.
fn follow<'a>(text: &str, path: &str, source: &'a Source) -> Run<Runner<'a>> {
    let (tokens, block) = parse(text).map_err(|reason| format!("`{path}` has {reason}"))?;
    let mut shared = BTreeSet::new();
    find_shared(&block, &tokens, &mut shared)?;
    let changes_path = tokens.windows(3).any(|window| match window {
        [Token::Name(module), Token::Operator("."), Token::Name(name)] => {
            module == "sys" && name == "path"
        }
        _ => false,
    });
    let has_moved = tokens
        .iter()
        .any(|token| matches!(token, Token::Name(name) if name == "chdir" || name == "fchdir"));
    let mut runner = Runner {
        source,
        rebound: find_rebound(&tokens),
        tokens,
        globals: BTreeMap::new(),
        scopes: Vec::new(),
        heap: Vec::new(),
        shared,
        call: None,
        has_moved,
        changes_path,
        steps: 0,
        depth: 0,
    };
    runner.set("__name__", Value::text("__main__"));
    runner.set("__file__", Value::Path(path.into()));
    runner.block(&block)?;
    Ok(runner)
}

impl Runner<'_> {
    fn get(&self, name: &str) -> Value {
        for scope in self.scopes.iter().rev() {
            if let Some(value) = scope.names.get(name) {
                return value.clone();
            }
            if scope.is_function {
                break;
            }
        }
        match self.globals.get(name) {
            Some(value) => value.clone(),
            None => builtin(name),
        }
    }

    fn set(&mut self, name: &str, value: Value) {
        if self.rebound.contains(name) {
            self.forget(&value);
            self.globals.insert(name.to_owned(), Value::Unknown);
            return;
        }
        if let Some(scope) = self.scopes.iter_mut().rev().find(|scope| scope.is_function) {
            scope.names.insert(name.to_owned(), value);
            return;
        }
        if self.shared.contains(name) {
            self.forget(&value);
        }
        self.globals.insert(name.to_owned(), value);
    }

    fn new_object(&mut self, object: Object) -> Value {
        self.heap.push(object);
        Value::Object(self.heap.len() - 1)
    }

    pub(super) fn list(&mut self, elements: Vec<Value>) -> Value {
        let is_cheap = self.charge(elements.len() / 4).is_some();
        match is_cheap && elements.len() <= SIZE_LIMIT / 64 {
            true => self.new_object(Object::List(elements)),
            false => Value::Unknown,
        }
    }

    /// From here on, nothing is known of what a value leads to.
    pub(super) fn forget(&mut self, value: &Value) {
        let mut left = vec![value.clone()];
        while let Some(value) = left.pop() {
            match value {
                Value::Tuple(elements) => left.extend(elements.iter().cloned()),
                Value::Method(receiver, _) => left.push(*receiver),
                Value::Object(at) => {
                    let Some(object) = self.heap.get_mut(at) else {
                        continue;
                    };
                    match std::mem::replace(object, Object::Unknown) {
                        Object::Unknown | Object::File(_) => {}
                        Object::List(elements) => left.extend(elements),
                        Object::Dict(entries) => {
                            left.extend(entries.into_iter().map(|(_, value)| value));
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// From here on, nothing is known of any name bound so far.
    fn forget_everything(&mut self) {
        self.steps += self.heap.len() / 64;
        self.heap.fill(Object::Unknown);
        for value in self.globals.values_mut() {
            if !matches!(value, Value::Imported(_)) {
                *value = Value::Unknown;
            }
        }
        for scope in &mut self.scopes {
            for value in scope.names.values_mut() {
                *value = Value::Unknown;
            }
        }
    }

    fn is_in_function(&self) -> bool {
        self.scopes.iter().any(|scope| scope.is_function)
    }

    /// Counts work that takes longer than a step; `None` if it is too much.
    pub(super) fn charge(&mut self, steps: usize) -> Option<()> {
        self.steps = self.steps.saturating_add(steps);
        (self.steps <= STEP_LIMIT).then_some(())
    }

    fn step(&mut self) -> Run<()> {
        self.steps += 1;
        match self.steps > STEP_LIMIT {
            true => Err("`setup.py` does too much to be followed".to_owned()),
            false => Ok(()),
        }
    }

    fn block(&mut self, block: &Block) -> Run<Flow> {
        for statement in block {
            self.step()?;
            if let Flow::Return(value) = self.statement(statement)? {
                return Ok(Flow::Return(value));
            }
        }
        Ok(Flow::Next)
    }

    fn statement(&mut self, statement: &Statement) -> Run<Flow> {
        match &statement.kind {
            Kind::Pass => {}
            Kind::Expression(expression) => {
                self.value(expression)?;
            }
            Kind::Assign(targets, value) => {
                let value = self.value(value)?;
                for target in targets {
                    self.assign(target, value.clone())?;
                }
            }
            Kind::Add(target, value) => self.add_to(target, value)?,
            Kind::Import(imports) => self.import(imports)?,
            Kind::Return(value) => {
                let value = match value {
                    Some(value) => self.value(value)?,
                    None => Value::None,
                };
                return Ok(Flow::Return(value));
            }
            Kind::Raise => return Err("`setup.py` raises an error".to_owned()),
            Kind::If(branches, otherwise) => return self.branch(statement, branches, otherwise),
            Kind::Try { .. } => return self.attempt(statement),
            Kind::With(items, body) => {
                for (value, target) in items {
                    let value = self.value(value)?;
                    let value = match self.is_file(&value) {
                        true => value,
                        false => {
                            self.has_moved = true;
                            self.forget(&value);
                            Value::Unknown
                        }
                    };
                    if let Some(target) = target {
                        self.assign(target, value)?;
                    }
                }
                return self.block(body);
            }
            Kind::For(target, iterable, body) => {
                let iterable = self.value(iterable)?;
                let has_jump = slice(&self.tokens, &statement.tokens).iter().any(
                    |token| matches!(token, Token::Name(name) if name == "break" || name == "continue"),
                );
                match self.iterate(&iterable) {
                    Some(elements) if !has_jump => {
                        for element in elements {
                            self.assign(target, element)?;
                            if let Flow::Return(value) = self.block(body)? {
                                return Ok(Flow::Return(value));
                            }
                        }
                    }
                    _ => return self.pass_over(&statement.tokens),
                }
            }
            Kind::Function(function) => {
                // An inner function sees names of the outer one.
                let value = match function.is_special || self.is_in_function() {
                    true => Value::Unknown,
                    false => Value::Function(Rc::clone(function)),
                };
                let name = function.name.clone();
                if function.is_special {
                    self.check_for_setup(&function.words)?;
                    self.forget_mentioned(statement);
                }
                self.set(&name, value);
            }
            Kind::Class(name) => {
                let inside = words_of(slice(&self.tokens, &statement.tokens));
                self.check_for_setup(&inside)?;
                self.forget_mentioned(statement);
                self.set(name, Value::Unknown);
            }
            Kind::Other => return self.pass_over(&statement.tokens),
        }
        Ok(Flow::Next)
    }

    fn branch(
        &mut self,
        statement: &Statement,
        branches: &[(Expression, Block)],
        otherwise: &Block,
    ) -> Run<Flow> {
        for (condition, block) in branches {
            let condition = self.value(condition)?;
            match self.truth(&condition) {
                Some(true) => return self.block(block),
                Some(false) => {}
                None => return self.pass_over(&statement.tokens),
            }
        }
        self.block(otherwise)
    }

    fn attempt(&mut self, statement: &Statement) -> Run<Flow> {
        let Kind::Try {
            body,
            handlers,
            otherwise,
            finally,
        } = &statement.kind
        else {
            return Ok(Flow::Next);
        };
        if handlers.is_empty() {
            return match self.block(body)? {
                Flow::Next => self.block(finally),
                Flow::Return(value) => {
                    self.block(finally)?;
                    Ok(Flow::Return(value))
                }
            };
        }
        let is_simple = body.iter().all(|statement| {
            matches!(statement.kind, Kind::Import(_) | Kind::Pass)
                || matches!(
                    &statement.kind,
                    Kind::Assign(
                        targets,
                        Expression::Bool(_) | Expression::None | Expression::Text(_) | Expression::Number(_)
                    ) if targets.iter().all(|target| matches!(target, Expression::Name(_)))
                )
        });
        if !is_simple {
            return self.pass_over(&statement.tokens);
        }
        for (at, part) in body.iter().enumerate() {
            let found = match &part.kind {
                Kind::Import(imports) => imports
                    .iter()
                    .map(|import| self.presence(import))
                    .max()
                    .unwrap_or(Presence::Present),
                _ => Presence::Present,
            };
            match found {
                Presence::Present => {
                    self.statement(part)?;
                }
                Presence::Missing => {
                    let handler = handlers.iter().find(|(caught, _)| catches_import(caught));
                    let Some((_, handler)) = handler else {
                        return self.pass_over(&statement.tokens);
                    };
                    return match self.block(handler)? {
                        Flow::Next => self.block(finally),
                        flow @ Flow::Return(_) => Ok(flow),
                    };
                }
                Presence::Uncertain => {
                    let rest = body[at].tokens.start..statement.tokens.end;
                    return self.pass_over(&rest);
                }
            }
        }
        if let flow @ Flow::Return(_) = self.block(otherwise)? {
            return Ok(flow);
        }
        self.block(finally)
    }
}
