//! Follows a `setup.py` as far as everything is known, up to its call of `setup`.
//!
//! Nothing is ever guessed: where a condition, a call or a value is not known, every name that
//! occurs there is not known afterwards, and neither is what it leads to.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::modules::{Presence, catches_import, presence};
use super::parse::{names_in, parse, slice, words_in_formatted, words_of};
use super::source::Source;
use super::syntax::{Argument, Block, Clause, Expression, Function, Import, Kind, Part, Statement};
use super::tokens::Token;
use super::value::{Object, SIZE_LIMIT, Value, compare_at_least, compare_version, is_no_argument};

/// Why a program says nothing for sure.
pub(super) type Run<T> = Result<T, String>;

/// How many statements and expressions are followed.
const STEP_LIMIT: usize = 200_000;
/// Larger dictionaries are not followed.
const ENTRY_LIMIT: usize = 2_000;
/// How deep calls and expressions are followed.
const DEPTH_LIMIT: usize = 120;

/// Words that can change names without mentioning them.
const DANGER: [&str; 6] = ["exec", "eval", "globals", "locals", "vars", "execfile"];
/// Words that end a program.
const ENDINGS: [&str; 6] = ["raise", "exit", "_exit", "quit", "abort", "SystemExit"];

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

/// The names of `global` and `nonlocal` statements.
fn find_rebound(tokens: &[Token]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut is_listed = false;
    for token in tokens {
        match token {
            Token::Name(name) if name == "global" || name == "nonlocal" => is_listed = true,
            Token::Name(name) if is_listed => {
                names.insert(name.clone());
            }
            Token::Operator(",") => {}
            _ => is_listed = false,
        }
    }
    names
}

/// Collects the names that functions, classes and lambdas mention.
fn find_shared(block: &[Statement], tokens: &[Token], shared: &mut BTreeSet<String>) -> Run<()> {
    let lambdas = tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| matches!(token, Token::Name(name) if name == "lambda"));
    let mut end = 0;
    for (at, _) in lambdas {
        if at < end {
            continue;
        }
        let length = tokens[at..]
            .iter()
            .position(|token| *token == Token::NewLine)
            .unwrap_or(tokens.len() - at);
        end = at + length;
        shared.extend(names_in(&tokens[at..end]).map(str::to_owned));
    }
    find_shared_by_blocks(block, tokens, shared)
}

fn find_shared_by_blocks(
    block: &[Statement],
    tokens: &[Token],
    shared: &mut BTreeSet<String>,
) -> Run<()> {
    for statement in block {
        match &statement.kind {
            Kind::Function(function) => {
                if function.words.contains("globals") {
                    return Err("`setup.py` has a function that uses `globals`".to_owned());
                }
                shared.extend(function.mentions.iter().cloned());
            }
            Kind::Class(_) | Kind::Other => {
                let inside = slice(tokens, &statement.tokens);
                let defines = inside.iter().any(
                    |token| matches!(token, Token::Name(name) if name == "def" || name == "class"),
                );
                if defines {
                    shared.extend(names_in(inside).map(str::to_owned));
                }
            }
            Kind::If(branches, otherwise) => {
                for block in branches.iter().map(|(_, block)| block).chain([otherwise]) {
                    find_shared_by_blocks(block, tokens, shared)?;
                }
            }
            Kind::Try {
                body,
                handlers,
                otherwise,
                finally,
            } => {
                let handlers = handlers.iter().map(|(_, block)| block);
                for block in [body, otherwise, finally].into_iter().chain(handlers) {
                    find_shared_by_blocks(block, tokens, shared)?;
                }
            }
            Kind::With(_, body) | Kind::For(_, _, body) => {
                find_shared_by_blocks(body, tokens, shared)?;
            }
            _ => {}
        }
    }
    Ok(())
}

impl Runner<'_> {
    // Names.

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

    /// Code that is not followed: what it mentions is not known afterwards.
    fn pass_over(&mut self, tokens: &std::ops::Range<usize>) -> Run<Flow> {
        let inside = slice(&self.tokens, tokens).to_vec();
        self.steps += inside.len() / 4;
        let words = words_of(&inside);
        let is_in_function = self.is_in_function();
        self.check_for_setup(&words)?;
        if !is_in_function && let Some(word) = ENDINGS.iter().find(|word| words.contains(**word)) {
            return Err(ends_early(word));
        }
        if DANGER.iter().any(|word| words.contains(*word)) {
            self.forget_everything();
        }
        let names: BTreeSet<String> = names_in(&inside)
            .chain(words_in_formatted(&inside))
            .map(str::to_owned)
            .collect();
        for name in names {
            let value = self.get(&name);
            self.forget(&value);
            if !matches!(value, Value::Imported(_) | Value::Function(_)) {
                self.set(&name, Value::Unknown);
            }
        }
        // Imported names and functions may have been bound anew.
        self.rebind(&inside);
        Ok(match is_in_function {
            true => Flow::Return(Value::Unknown),
            false => Flow::Next,
        })
    }

    /// Forgets imported names and functions where code that is not followed binds them.
    fn rebind(&mut self, inside: &[Token]) {
        for (at, token) in inside.iter().enumerate() {
            let Token::Name(name) = token else { continue };
            let before = at.checked_sub(1).and_then(|at| inside.get(at));
            let after = inside.get(at + 1);
            let is_word = |token: Option<&Token>, words: &[&str]| matches!(token, Some(Token::Name(word)) if words.contains(&word.as_str()));
            let is_bound = matches!(after, Some(Token::Operator("=" | ":=" | "," | ":")))
                || is_word(before, &["as", "import", "for", "def", "class", "del"])
                || matches!(before, Some(Token::Operator(",")))
                || is_word(after, &["in"]);
            if is_bound && before != Some(&Token::Operator(".")) {
                let value = self.get(name);
                if !is_setup(&value) {
                    self.set(name, Value::Unknown);
                }
            }
        }
    }

    /// Whether code that is not followed may call `setup`.
    fn check_for_setup(&self, words: &BTreeSet<String>) -> Run<()> {
        let calls = |words: &BTreeSet<String>| {
            words
                .iter()
                .any(|word| word == "setup" || is_setup(&self.get(word)))
        };
        let is_reached = calls(words)
            || words.iter().any(|word| match self.get(word) {
                Value::Function(function) => calls(&function.words),
                _ => false,
            });
        match is_reached {
            true => Err(
                "`setup.py` calls `setup` where it is not known whether it gets there".to_owned(),
            ),
            false => Ok(()),
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

    // Statements.

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

    /// Decorators and the bodies of classes may change whatever they mention.
    fn forget_mentioned(&mut self, statement: &Statement) {
        let inside = slice(&self.tokens, &statement.tokens).to_vec();
        for name in names_in(&inside) {
            let value = self.get(name);
            self.forget(&value);
        }
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

    fn presence(&self, import: &Import) -> Presence {
        match presence(import, self.source) {
            Presence::Missing if self.changes_path => Presence::Uncertain,
            presence => presence,
        }
    }

    fn import(&mut self, imports: &[Import]) -> Run<()> {
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

    fn assign(&mut self, target: &Expression, value: Value) -> Run<()> {
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

    fn add_to(&mut self, target: &Expression, value: &Expression) -> Run<()> {
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

    // Expressions.

    /// The value of an expression, after all that it does.
    pub(super) fn value(&mut self, expression: &Expression) -> Run<Value> {
        self.step()?;
        if self.depth > DEPTH_LIMIT {
            return Err("`setup.py` is nested too deep to be followed".to_owned());
        }
        self.depth += 1;
        let value = self.value_inside(expression);
        self.depth -= 1;
        value
    }

    fn value_inside(&mut self, expression: &Expression) -> Run<Value> {
        Ok(match expression {
            Expression::None => Value::None,
            Expression::Bool(value) => Value::Bool(*value),
            Expression::Number(number) => Value::Number(*number),
            Expression::Text(text) => Value::text(text),
            Expression::Formatted(parts) => self.formatted(parts),
            Expression::Name(name) => self.get(name),
            Expression::List(elements) => match self.elements(elements)? {
                Some(elements) => self.list(elements),
                None => Value::Unknown,
            },
            Expression::Tuple(elements) => match self.elements(elements)? {
                Some(elements) => Value::tuple(elements),
                None => Value::Unknown,
            },
            Expression::Dict(entries) => self.dict(entries)?,
            Expression::Starred(value) => {
                let value = self.value(value)?;
                self.forget(&value);
                Value::Unknown
            }
            Expression::Attribute(object, name) => {
                let object = self.value(object)?;
                self.attribute(object, name)
            }
            Expression::Index(container, index) => {
                let container = self.value(container)?;
                let index = self.value(index)?;
                self.element(&container, &index)
            }
            Expression::Slice(container, lower, upper) => {
                let container = self.value(container)?;
                let mut bounds = Vec::new();
                for bound in [lower, upper] {
                    bounds.push(match bound {
                        Some(bound) => self.value(bound)?,
                        None => Value::None,
                    });
                }
                self.part(&container, &bounds)
            }
            Expression::Call(callee, arguments) => self.call(callee, arguments)?,
            Expression::Binary(operator, left, right) => {
                let left = self.value(left)?;
                let right = self.value(right)?;
                match *operator {
                    "+" => self.sum(&left, &right),
                    "%" => self.percent(&left, &right),
                    "/" if matches!(left, Value::Path(_)) => super::paths::divide(&left, &right),
                    _ => {
                        self.forget(&left);
                        self.forget(&right);
                        Value::Unknown
                    }
                }
            }
            Expression::Compare(left, operator, right) => {
                let left = self.value(left)?;
                let right = self.value(right)?;
                match self.compare(&left, operator, &right) {
                    Some(result) => Value::Bool(result),
                    None => Value::Unknown,
                }
            }
            Expression::Not(value) => {
                let value = self.value(value)?;
                match self.truth(&value) {
                    Some(truth) => Value::Bool(!truth),
                    None => Value::Unknown,
                }
            }
            Expression::Logic(is_and, operands) => self.logic(*is_and, operands)?,
            Expression::Choice(condition, then, otherwise) => {
                let condition = self.value(condition)?;
                match self.truth(&condition) {
                    Some(true) => self.value(then)?,
                    Some(false) => self.value(otherwise)?,
                    None => {
                        self.skip(&[then, otherwise])?;
                        Value::Unknown
                    }
                }
            }
            Expression::Comprehension(element, clause) => {
                let mut elements = Vec::new();
                let is_known = self.for_each(clause, &[element], &mut |runner| {
                    let value = runner.value(element)?;
                    elements.push(value);
                    Ok(())
                })?;
                match is_known {
                    true => self.list(elements),
                    false => {
                        for element in &elements {
                            self.forget(element);
                        }
                        Value::Unknown
                    }
                }
            }
            Expression::DictComprehension(pair, clause) => {
                let mut entries = Vec::new();
                let both = [&pair.0, &pair.1];
                let is_known = self.for_each(clause, &both, &mut |runner| {
                    let key = runner.value(&pair.0)?;
                    let value = runner.value(&pair.1)?;
                    put(&mut entries, key, value);
                    Ok(())
                })?;
                let is_known = is_known && entries.iter().all(|(key, _)| key.as_text().is_some());
                match is_known {
                    true => self.new_object(Object::Dict(entries)),
                    false => {
                        for (_, value) in &entries {
                            self.forget(value);
                        }
                        Value::Unknown
                    }
                }
            }
            Expression::Other(tokens) => {
                self.pass_over_expression(tokens)?;
                Value::Unknown
            }
        })
    }

    /// As for statements; but a lambda or a comprehension rebinds no name around it.
    fn pass_over_expression(&mut self, tokens: &std::ops::Range<usize>) -> Run<()> {
        let inside = slice(&self.tokens, tokens).to_vec();
        self.check_for_setup(&words_of(&inside))?;
        if DANGER
            .iter()
            .any(|word| names_in(&inside).any(|name| name == *word))
        {
            self.forget_everything();
        }
        for name in names_in(&inside).chain(words_in_formatted(&inside)) {
            let value = self.get(name);
            self.forget(&value);
        }
        if inside.contains(&Token::Operator(":=")) {
            self.forget_everything();
        }
        Ok(())
    }

    fn formatted(&mut self, parts: &[Part]) -> Value {
        let mut text = String::new();
        for part in parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Value(Expression::Name(name)) => match self.get(name) {
                    Value::Text(part) => text.push_str(&part),
                    Value::Number(number) => text.push_str(&number.to_string()),
                    _ => return Value::Unknown,
                },
                Part::Value(_) => return Value::Unknown,
            }
        }
        Value::text(&text)
    }

    /// The elements of a literal; `None` if a starred one is not known.
    fn elements(&mut self, elements: &[Expression]) -> Run<Option<Vec<Value>>> {
        let mut values = Some(Vec::new());
        for element in elements {
            let more = match element {
                Expression::Starred(inner) => {
                    let value = self.value(inner)?;
                    let more = self.iterate(&value);
                    if more.is_none() {
                        self.forget(&value);
                    }
                    more
                }
                _ => Some(vec![self.value(element)?]),
            };
            match (&mut values, more) {
                (Some(values), Some(more)) => values.extend(more),
                (_, more) => {
                    for value in values.take().into_iter().chain(more).flatten() {
                        self.forget(&value);
                    }
                }
            }
        }
        Ok(values)
    }

    fn dict(&mut self, entries: &[(Option<Expression>, Expression)]) -> Run<Value> {
        let mut known = Vec::new();
        let mut is_known = entries.len() <= ENTRY_LIMIT;
        for (key, value) in entries {
            let key = match key {
                Some(key) => Some(self.value(key)?),
                None => None,
            };
            let value = self.value(value)?;
            match key {
                Some(key @ Value::Text(_)) => put(&mut known, key, value),
                // Another kind of key is no extra; it cannot hide one either.
                Some(key @ (Value::Number(_) | Value::None | Value::Bool(_))) => {
                    known.push((key, value));
                }
                Some(_) => {
                    is_known = false;
                    self.forget(&value);
                }
                None => match self.entries(&value) {
                    Some(more) => {
                        for (key, value) in more {
                            put(&mut known, key, value);
                        }
                    }
                    None => {
                        is_known = false;
                        self.forget(&value);
                    }
                },
            }
        }
        if is_known {
            return Ok(self.new_object(Object::Dict(known)));
        }
        for (_, value) in &known {
            self.forget(value);
        }
        Ok(Value::Unknown)
    }

    pub(super) fn entries(&self, value: &Value) -> Option<Vec<(Value, Value)>> {
        match value {
            Value::Object(at) => match self.heap.get(*at) {
                Some(Object::Dict(entries)) => Some(entries.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    /// Goes through a comprehension; tells whether all of it was known.
    fn for_each(
        &mut self,
        clause: &Clause,
        made: &[&Expression],
        take: &mut dyn FnMut(&mut Self) -> Run<()>,
    ) -> Run<bool> {
        let iterable = self.value(&clause.iterable)?;
        let elements = self.iterate(&iterable);
        self.forget_unless(elements.is_some(), &iterable);
        self.scopes.push(Scope {
            is_function: false,
            names: BTreeMap::new(),
        });
        let is_known = match elements {
            Some(elements) => self.for_each_of(clause, elements, take)?,
            None => false,
        };
        if !is_known {
            let conditions = clause.conditions.iter();
            let parts: Vec<&Expression> = made.iter().copied().chain(conditions).collect();
            self.skip(&parts)?;
        }
        self.scopes.pop();
        Ok(is_known)
    }

    fn forget_unless(&mut self, is_known: bool, value: &Value) {
        if !is_known {
            self.forget(value);
        }
    }

    fn for_each_of(
        &mut self,
        clause: &Clause,
        elements: Vec<Value>,
        take: &mut dyn FnMut(&mut Self) -> Run<()>,
    ) -> Run<bool> {
        for element in elements {
            self.bind_here(&clause.target, element);
            let mut is_wanted = true;
            for condition in &clause.conditions {
                let condition = self.value(condition)?;
                match self.truth(&condition) {
                    Some(true) => {}
                    Some(false) => {
                        is_wanted = false;
                        break;
                    }
                    None => return Ok(false),
                }
            }
            if is_wanted {
                take(self)?;
            }
        }
        Ok(true)
    }

    /// Expressions that may or may not be evaluated: what they mention is not known afterwards.
    fn skip(&mut self, expressions: &[&Expression]) -> Run<()> {
        let mut words = BTreeSet::new();
        for expression in expressions {
            expression.words(&self.tokens, &mut words);
        }
        self.check_for_setup(&words)?;
        if !self.is_in_function()
            && let Some(word) = ENDINGS.iter().find(|word| words.contains(**word))
        {
            return Err(ends_early(word));
        }
        if DANGER.iter().any(|word| words.contains(*word)) {
            self.forget_everything();
        }
        for word in &words {
            let value = self.get(word);
            self.forget(&value);
        }
        Ok(())
    }

    fn bind_here(&mut self, target: &Expression, value: Value) {
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

    fn logic(&mut self, is_and: bool, operands: &[Expression]) -> Run<Value> {
        let mut last = Value::Unknown;
        for (at, operand) in operands.iter().enumerate() {
            last = self.value(operand)?;
            match self.truth(&last) {
                Some(truth) if truth != is_and => break,
                Some(_) => {}
                None => {
                    let rest: Vec<&Expression> = operands[at + 1..].iter().collect();
                    self.forget(&last);
                    self.skip(&rest)?;
                    return Ok(Value::Unknown);
                }
            }
        }
        Ok(last)
    }

    pub(super) fn truth(&self, value: &Value) -> Option<bool> {
        match value {
            Value::None => Some(false),
            Value::Bool(truth) => Some(*truth),
            Value::Number(number) => Some(*number != 0),
            Value::Text(text) => Some(!text.is_empty()),
            Value::Tuple(elements) => Some(!elements.is_empty()),
            Value::Object(at) => match self.heap.get(*at)? {
                Object::Unknown | Object::File(_) => None,
                Object::List(elements) => Some(!elements.is_empty()),
                Object::Dict(entries) => Some(!entries.is_empty()),
            },
            Value::Function(_) | Value::Version(_) => Some(true),
            _ => None,
        }
    }

    fn compare(&self, left: &Value, operator: &str, right: &Value) -> Option<bool> {
        match (left, right) {
            (Value::Version(parts), Value::Tuple(other)) => {
                let number = |value: &Value| match value {
                    Value::Number(number) => Some(*number),
                    _ => None,
                };
                let other: Vec<i64> = other.iter().map(number).collect::<Option<_>>()?;
                return compare_version(*parts, operator, &other);
            }
            (Value::Minor, Value::Number(other)) => return compare_at_least(8, operator, *other),
            (Value::Hex, Value::Number(other)) if *other <= 0x0308_0000 => {
                return compare_at_least(0x0308_0000, operator, *other);
            }
            _ => {}
        }
        match operator {
            "==" => left.equals(right),
            "!=" => left.equals(right).map(|is_equal| !is_equal),
            "in" => self.contains(right, left),
            "not in" => self.contains(right, left).map(|is_in| !is_in),
            _ => match (left, right) {
                (Value::Number(left), Value::Number(right)) => match operator {
                    "<" => Some(left < right),
                    "<=" => Some(left <= right),
                    ">" => Some(left > right),
                    ">=" => Some(left >= right),
                    _ => None,
                },
                _ => None,
            },
        }
    }

    fn contains(&self, container: &Value, wanted: &Value) -> Option<bool> {
        match (container, wanted) {
            (Value::Text(text), Value::Text(wanted)) => Some(text.contains(&**wanted)),
            (Value::Imported(name), Value::Text(wanted)) if &**name == "sys.argv" => {
                is_no_argument(wanted).then_some(false)
            }
            _ => {
                let elements = match container {
                    Value::Tuple(elements) => elements.to_vec(),
                    Value::Object(at) => match self.heap.get(*at)? {
                        Object::Unknown | Object::File(_) => return None,
                        Object::List(elements) => elements.clone(),
                        Object::Dict(entries) => {
                            entries.iter().map(|(key, _)| key.clone()).collect()
                        }
                    },
                    _ => return None,
                };
                let mut answer = Some(false);
                for element in &elements {
                    match element.equals(wanted) {
                        Some(true) => return Some(true),
                        Some(false) => {}
                        None => answer = None,
                    }
                }
                answer
            }
        }
    }

    /// The elements that iterating over a value gives.
    pub(super) fn iterate(&mut self, value: &Value) -> Option<Vec<Value>> {
        self.steps += 1;
        match value {
            Value::Tuple(elements) => Some(elements.to_vec()),
            Value::Object(at) => match self.heap.get(*at)? {
                Object::List(elements) => Some(elements.clone()),
                Object::Dict(entries) => Some(entries.iter().map(|(key, _)| key.clone()).collect()),
                Object::File(text) => {
                    let lines = super::methods::lines(text);
                    self.heap[*at] = Object::Unknown;
                    Some(lines)
                }
                Object::Unknown => None,
            },
            _ => None,
        }
    }

    fn is_file(&self, value: &Value) -> bool {
        matches!(value, Value::Object(at) if matches!(self.heap.get(*at), Some(Object::File(_))))
    }

    fn sum(&mut self, left: &Value, right: &Value) -> Value {
        match (left, right) {
            (Value::Text(left), Value::Text(right)) => {
                match self.charge((left.len() + right.len()) / 64) {
                    Some(()) => Value::text(&format!("{left}{right}")),
                    None => Value::Unknown,
                }
            }
            (Value::Number(left), Value::Number(right)) => left
                .checked_add(*right)
                .map_or(Value::Unknown, Value::Number),
            (Value::Tuple(left), Value::Tuple(right)) => {
                Value::tuple(left.iter().chain(right.iter()).cloned().collect())
            }
            (Value::Object(one), Value::Object(two)) => {
                match (self.heap.get(*one), self.heap.get(*two)) {
                    (Some(Object::List(left)), Some(Object::List(right))) => {
                        let both = left.iter().chain(right).cloned().collect();
                        self.list(both)
                    }
                    _ => {
                        // The elements are shared with what is not known.
                        self.forget(left);
                        self.forget(right);
                        Value::Unknown
                    }
                }
            }
            _ => {
                self.forget(left);
                self.forget(right);
                Value::Unknown
            }
        }
    }

    /// `'%s' % value`.
    fn percent(&mut self, format: &Value, values: &Value) -> Value {
        let values = match values {
            Value::Tuple(values) => values.to_vec(),
            value => vec![value.clone()],
        };
        let Value::Text(format) = format else {
            for value in &values {
                self.forget(value);
            }
            return Value::Unknown;
        };
        let mut pieces = format.split("%s");
        let mut text = pieces.next().unwrap_or_default().to_owned();
        let mut values = values.iter();
        for piece in pieces {
            match values.next() {
                Some(Value::Text(value)) => text.push_str(value),
                Some(Value::Number(number)) => text.push_str(&number.to_string()),
                _ => return Value::Unknown,
            }
            text.push_str(piece);
        }
        match values.next().is_none() && !format.replace("%s", "").contains('%') {
            true => Value::text(&text),
            false => Value::Unknown,
        }
    }

    // Calls.

    fn call(&mut self, callee: &Expression, arguments: &[Argument]) -> Run<Value> {
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
        if let Some(value) = super::methods::call(self, &callee, &positional, &keywords)? {
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
fn builtin(name: &str) -> Value {
    match name {
        "open" | "list" | "tuple" | "dict" | "str" | "len" | "print" | "sorted" | "__import__" => {
            Value::Imported(format!("builtins.{name}").into())
        }
        _ => Value::Unknown,
    }
}

/// Something by its full name, where that means something.
pub(super) fn imported(name: &str) -> Value {
    match name {
        "sys.version_info" => Value::Version(5),
        "sys.hexversion" => Value::Hex,
        _ => Value::Imported(name.into()),
    }
}

fn ends_early(word: &str) -> String {
    format!("`setup.py` may end early: it has `{word}` where it is not known whether it gets there")
}

fn is_setup(value: &Value) -> bool {
    matches!(value, Value::Imported(name) if matches!(&**name, "setuptools.setup" | "distutils.core.setup"))
}

/// Sets an entry of a dictionary; a known key keeps its place.
pub(super) fn put(entries: &mut Vec<(Value, Value)>, key: Value, value: Value) {
    let found = entries
        .iter_mut()
        .find(|(known, _)| known.equals(&key) == Some(true));
    match found {
        Some((_, place)) => *place = value,
        None => entries.push((key, value)),
    }
}
