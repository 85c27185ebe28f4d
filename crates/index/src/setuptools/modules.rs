//! Which modules a `setup.py` finds when uv builds it: the standard library, setuptools, and files
//! of its own.

use super::parse::parse;
use super::source::{Content, Source};
use super::syntax::{Import, Kind, Statement};

/// Whether an import works where the project is built.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Presence {
    /// It works, and changes nothing that matters.
    Present,
    /// It fails.
    Missing,
    /// It may work or fail, or do things.
    Uncertain,
}

/// The standard library, as far as Python 3.8 to 3.14 agree.
const STANDARD: &str = " __future__ _thread abc argparse array ast asyncio atexit base64 bdb binascii bisect builtins \
    bz2 calendar cmath cmd code codecs codeop collections colorsys compileall concurrent configparser contextlib \
    contextvars copy copyreg csv ctypes dataclasses datetime decimal difflib dis doctest email encodings ensurepip \
    enum errno faulthandler filecmp fileinput fnmatch fractions ftplib functools gc getopt getpass gettext glob \
    graphlib gzip hashlib heapq hmac html http importlib inspect io ipaddress itertools json keyword linecache locale \
    logging lzma mailbox marshal math mimetypes mmap modulefinder multiprocessing netrc numbers operator optparse os \
    pathlib pdb pickle pickletools pkgutil platform plistlib poplib posixpath pprint profile pstats py_compile pyclbr \
    pydoc queue quopri random re reprlib rlcompleter runpy sched secrets select selectors shelve shlex shutil signal \
    site smtplib socket socketserver sqlite3 ssl stat statistics string stringprep struct subprocess symtable sys \
    sysconfig tabnanny tarfile tempfile textwrap threading time timeit token tokenize trace traceback tracemalloc \
    tty turtle types typing unicodedata unittest urllib uuid venv warnings wave weakref webbrowser xml xmlrpc zipapp \
    zipfile zipimport zlib ";

/// Modules of the standard library that newer or older Pythons lack.
const SOMETIMES: &str = " aifc asynchat asyncore audioop cgi cgitb chunk compression crypt formatter imghdr imp lib2to3 \
    mailcap msilib nis nntplib ossaudiodev parser pipes smtpd sndhdr spwd sunau symbol telnetlib tomllib uu xdrlib \
    zoneinfo fcntl grp posix pwd resource termios readline pty curses dbm tkinter syslog msvcrt winreg winsound \
    nturl2path ntpath binhex ";

/// What current setuptools has, of what `setup.py` files ask for.
const SETUPTOOLS: &str = " setuptools setuptools.command setuptools.dist setuptools.extension setuptools.errors \
    setuptools.discovery setuptools.glob setuptools.version setuptools.depends setuptools.archive_util \
    setuptools.command.alias setuptools.command.bdist_egg setuptools.command.bdist_rpm \
    setuptools.command.bdist_wheel setuptools.command.build setuptools.command.build_clib \
    setuptools.command.build_ext setuptools.command.build_py setuptools.command.develop setuptools.command.dist_info \
    setuptools.command.easy_install setuptools.command.editable_wheel setuptools.command.egg_info \
    setuptools.command.install setuptools.command.install_egg_info setuptools.command.install_lib \
    setuptools.command.install_scripts setuptools.command.sdist setuptools.command.setopt \
    distutils distutils.core distutils.cmd distutils.command distutils.dist distutils.extension distutils.errors \
    distutils.log distutils.util distutils.spawn distutils.sysconfig distutils.version distutils.dir_util \
    distutils.file_util distutils.ccompiler distutils.dep_util distutils.debug distutils.command.build \
    distutils.command.build_clib distutils.command.build_ext distutils.command.build_py \
    distutils.command.build_scripts distutils.command.clean distutils.command.install \
    distutils.command.install_data distutils.command.install_lib distutils.command.install_scripts \
    distutils.command.sdist ";

/// Names that live in `setuptools` itself and in the `distutils` modules above.
const MEMBERS: &str = " setup find_packages find_namespace_packages Extension Command Distribution dist command \
    build_ext build_py build develop egg_info install install_lib install_scripts install_data sdist bdist_egg \
    bdist_wheel bdist_rpm easy_install clean build_clib build_scripts Library find_executable spawn log core \
    extension errors util sysconfig version LooseVersion StrictVersion get_python_lib get_python_inc get_config_var \
    get_config_vars customize_compiler strtobool convert_path get_platform change_root CCompiler new_compiler \
    CompileError LinkError DistutilsError DistutilsExecError DistutilsOptionError DistutilsPlatformError \
    DistutilsSetupError DistutilsModuleError DistutilsArgError DistutilsFileError CCompilerError \
    PackageFinder PEP420PackageFinder DEBUG info warn error ";

/// How many files of its own an import may lead to.
const MAX_FILES: usize = 60;

fn is_among(list: &str, word: &str) -> bool {
    !word.is_empty() && list.split_ascii_whitespace().any(|entry| entry == word)
}

/// Whether an import of `setup.py` works.
pub(super) fn presence(import: &Import, source: &Source) -> Presence {
    presence_within(import, "", source, &mut Vec::new())
}

/// Whether an import works in a file of this folder (`""`, or ends in `/`).
fn presence_within(
    import: &Import,
    folder: &str,
    source: &Source,
    seen: &mut Vec<String>,
) -> Presence {
    if import.level > 0 {
        return relative(import, folder, source, seen);
    }
    let root = import.module.split('.').next().unwrap_or_default();
    // The folder of the project comes first where `setup.py` is run the old way.
    let base = import.module.replace('.', "/");
    let root_files = [format!("{root}.py"), format!("{root}/__init__.py")];
    let is_own = root_files.iter().any(|path| source.has(path));
    match root {
        "setuptools" | "distutils" if is_own => Presence::Uncertain,
        "setuptools" | "distutils" => setuptools_presence(import),
        _ if is_among(STANDARD, root) && !is_own => Presence::Present,
        "pkg_resources" if !is_own => Presence::Missing,
        _ if is_among(SOMETIMES, root) => Presence::Uncertain,
        _ if is_own => match source.imports_own_modules() {
            true => own(&base, import.member.as_deref(), source, seen),
            false => Presence::Uncertain,
        },
        _ if source.has_folder(root) || source.may_provide(root) => Presence::Uncertain,
        _ => Presence::Missing,
    }
}

fn setuptools_presence(import: &Import) -> Presence {
    let member = import.member.as_deref().unwrap_or("*");
    let is_known = is_among(SETUPTOOLS, &import.module)
        && (member == "*"
            || is_among(MEMBERS, member)
            || is_among(SETUPTOOLS, &format!("{}.{member}", import.module)));
    match is_known {
        true => Presence::Present,
        false => Presence::Uncertain,
    }
}

fn relative(import: &Import, folder: &str, source: &Source, seen: &mut Vec<String>) -> Presence {
    let mut folder = folder.trim_end_matches('/');
    for _ in 1..import.level {
        folder = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
    }
    if folder.is_empty() {
        return Presence::Uncertain;
    }
    let base = match import.module.is_empty() {
        true => folder.to_owned(),
        false => format!("{folder}/{}", import.module.replace('.', "/")),
    };
    own(&base, import.member.as_deref(), source, seen)
}

/// Whether a module of the project's own can be imported, with all packages around it.
fn own(base: &str, member: Option<&str>, source: &Source, seen: &mut Vec<String>) -> Presence {
    let mut presence = Presence::Present;
    let parents = base.match_indices('/').map(|(at, _)| &base[..at]);
    for package in parents {
        presence = presence.max(own_file(&format!("{package}/__init__.py"), source, seen));
    }
    let package = format!("{base}/__init__.py");
    let module = format!("{base}.py");
    if source.has(&package) {
        presence = presence.max(own_file(&package, source, seen));
        if let Some(member) = member {
            for path in [
                format!("{base}/{member}.py"),
                format!("{base}/{member}/__init__.py"),
            ] {
                if source.has(&path) {
                    presence = presence.max(own_file(&path, source, seen));
                }
            }
        }
        presence
    } else if source.has(&module) {
        presence.max(own_file(&module, source, seen))
    } else {
        Presence::Uncertain
    }
}

fn own_file(path: &str, source: &Source, seen: &mut Vec<String>) -> Presence {
    if seen.iter().any(|known| known == path) {
        return Presence::Present;
    }
    if seen.len() >= MAX_FILES {
        return Presence::Uncertain;
    }
    seen.push(path.to_owned());
    let Content::Text(text) = source.content(path) else {
        return Presence::Uncertain;
    };
    let Ok((_, block)) = parse(text) else {
        return Presence::Uncertain;
    };
    // Who names the build tool might change it.
    if ["setuptools", "distutils", "pkg_resources"]
        .iter()
        .any(|word| text.contains(word))
    {
        return Presence::Uncertain;
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    all(&block, folder, source, seen)
}

/// Whether all imports that happen when a file is loaded work.
fn all(block: &[Statement], folder: &str, source: &Source, seen: &mut Vec<String>) -> Presence {
    let mut presence = Presence::Present;
    for statement in block {
        let found = match &statement.kind {
            Kind::Import(imports) => imports
                .iter()
                .map(|import| presence_within(import, folder, source, seen))
                .max()
                .unwrap_or(Presence::Present),
            Kind::If(branches, otherwise) => branches
                .iter()
                .map(|(_, block)| block)
                .chain([otherwise])
                .map(|block| all(block, folder, source, seen))
                .max()
                .unwrap_or(Presence::Present),
            Kind::Try {
                body,
                handlers,
                otherwise,
                finally,
            } => match all(body, folder, source, seen) {
                Presence::Present => {
                    all(otherwise, folder, source, seen).max(all(finally, folder, source, seen))
                }
                Presence::Missing if handlers.iter().any(|(caught, _)| catches_import(caught)) => {
                    handlers
                        .iter()
                        .map(|(_, block)| block)
                        .chain([finally])
                        .map(|block| all(block, folder, source, seen))
                        .max()
                        .unwrap_or(Presence::Present)
                }
                worse => worse,
            },
            Kind::With(_, body) | Kind::For(_, _, body) => all(body, folder, source, seen),
            Kind::Raise => Presence::Uncertain,
            _ => Presence::Present,
        };
        presence = presence.max(found);
    }
    presence
}

/// Whether a handler takes what a failing import raises.
pub(super) fn catches_import(caught: &[String]) -> bool {
    caught.is_empty()
        || caught.iter().any(|name| {
            matches!(
                name.as_str(),
                "ImportError" | "ModuleNotFoundError" | "Exception" | "BaseException"
            )
        })
}
