//! Small archives, each with what is known of it and what is not.

use super::*;

const CONFIG: &str = "[metadata]\nname = foo\n[options]\npython_requires = >=3.6\ninstall_requires =\n    a>=1\n    b; os_name == 'nt'\n[options.extras_require]\nTest =\n  c\n";

fn read(files: &[(&str, &str)]) -> Result<Metadata, String> {
    let name = "foo".parse().map_err(|_| "name")?;
    static_metadata(
        &mut Source::of(files),
        &name,
        &"1.0".parse().map_err(|_| "version")?,
    )
}

/// The lines of a `setup.py` whose author's build came to these requirements.
fn lines(setup: &str, requires: &str, more: &[(&str, &str)]) -> Result<Vec<String>, String> {
    let setup = format!("from setuptools import setup\nimport os, sys\n{setup}");
    let mut files = vec![("setup.py", setup.as_str())];
    if !requires.is_empty() {
        files.push(("foo.egg-info/requires.txt", requires));
    }
    files.extend(more);
    let metadata = read(&files)?;
    Ok(metadata
        .requires_dist
        .iter()
        .map(|requirement| requirement.text.to_string())
        .collect())
}

#[track_caller]
fn is_known(setup: &str) {
    assert_eq!(
        lines(setup, "a\nb", &[]).as_deref(),
        Ok(&["a".to_owned(), "b".to_owned()][..]),
        "{setup}"
    );
}

#[track_caller]
fn is_not_known(setup: &str, reason: &str) {
    let error = lines(setup, "a\nb", &[]).expect_err(setup);
    assert!(error.contains(reason), "{setup}\n{error}");
}

#[test]
fn literals_are_read() {
    for setup in [
        "setup(name='Foo', version='1.0', install_requires=['a', 'b'])",
        "setup(install_requires=('a', \"b\",),)",
        "setup(install_requires='a\\nb')",
        "setup(install_requires='''\n  a # why\n  # b\n  b''', version=f())",
        "r = ['a']\nr += ['b']\nsetup(install_requires=r)",
        "r = ['a']\nr.append('b')\nif __name__ == '__main__':\n    setup(install_requires=r)",
        "r = ['a']\ns = r\ns.extend(['b'])\nsetup(install_requires=r)",
        "setup(install_requires=['a'] + ['b'])",
        "k = dict(install_requires=['a'])\nk['install_requires'] += ['b']\nsetup(**k)",
        "r = ['a', 'b']\nif sys.version_info < (2, 7):\n    r.append('c')\nsetup(install_requires=r)",
        "PY = sys.version_info\nif not PY >= (3, 4):\n    raise RuntimeError()\nsetup(install_requires=['a', 'b'])",
        "if sys.version_info[0] == 2 or sys.version_info.major < 3: r = ['x']\nelse: r = ['a', 'b']\nsetup(install_requires=r)",
        "try:\n    import argparse\nexcept ImportError:\n    r = []\nelse:\n    r = ['a', 'b']\nsetup(install_requires=r)",
        "r = ['b']\ntry:\n    import surely_not_there\nexcept ImportError:\n    r.insert(0, 'a')\nsetup(install_requires=r)",
        "if sys.argv[-1] == 'publish':\n    sys.exit()\nsetup(install_requires=['a', 'b'])",
        "def main():\n    setup(install_requires=['a', 'b'])\nmain()",
        "n = 'b'\nsetup(install_requires=['a', f'{n}'], version=os.environ['X'])",
        "n = {}\nexec(\"B = 'b'\", n)\nsetup(install_requires=['a', '%s' % n['B']])",
        "class T(object):\n    def run(self): pass\nsetup(install_requires=['a', 'b'], cmdclass={'test': T})",
        "r = sorted([x.strip() for x in ['b ', ' a', '#'] if not x.startswith('#')])\nsetup(install_requires=r)",
        "import setuptools as s\ns.setup(install_requires=['a', 'b'])",
        "import distutils.core as d\nd.setup(install_requires=['a', 'b'])",
        "long = open('x', 'w')\nsetup(install_requires=['a', 'b'], long_description=long, setup_requires=['wheel'])",
        "r = ['a', 'b']\nsetup(install_requires=r)\nr.append('c')",
    ] {
        is_known(setup);
    }
}

#[test]
fn what_is_computed_is_not_known() {
    let computed = "computes `install_requires`";
    for (setup, reason) in [
        ("setup(install_requires=f())", computed),
        ("r = ['a', 'b']\nf(r)\nsetup(install_requires=r)", computed),
        (
            "r = ['a', 'b']\nk = {'x': r}\nf(k)\nsetup(install_requires=r)",
            computed,
        ),
        (
            "r = ['a', 'b']\ndef f():\n    r.append('c')\nsetup(install_requires=r)",
            computed,
        ),
        (
            "r = ['a', 'b']\nf = lambda: r.append('c')\nsetup(install_requires=r)",
            computed,
        ),
        (
            "r = 'a\\nb'\ndef f():\n    global r\n    r = ''\nf()\nsetup(install_requires=r)",
            computed,
        ),
        (
            "r = ['a', 'b']\nif os.name == 'nt':\n    r.append('c')\nsetup(install_requires=r)",
            computed,
        ),
        (
            "r = ['a', 'b']\nif sys.version_info >= (3, 12):\n    r.append('c')\nsetup(install_requires=r)",
            computed,
        ),
        (
            "r = ['a', 'b']\nx and r.append('c')\nsetup(install_requires=r)",
            computed,
        ),
        (
            "r = ['a', 'b']\n[r.append(c) for c in x]\nsetup(install_requires=r)",
            computed,
        ),
        (
            "r = ['a', 'b']\nd = {'x': r}\nd[x].append('c')\nsetup(install_requires=r)",
            computed,
        ),
        (
            "r = ['a', 'b']\nfor x in y: r.append(x)\nsetup(install_requires=r)",
            computed,
        ),
        (
            "r = ['a', 'b']\nwhile x: r.pop()\nsetup(install_requires=r)",
            computed,
        ),
        (
            "r = ['a', 'b']\nexec(x)\nsetup(install_requires=r)",
            computed,
        ),
        (
            "r = ['a', 'b']\nglobals()['r'] = 1\nsetup(install_requires=r)",
            computed,
        ),
        (
            "r = ['a', 'b']\ndel r[0]\nsetup(install_requires=r)",
            computed,
        ),
        (
            "r = ['a', 'b']\nm = r.append\nf(m)\nsetup(install_requires=r)",
            computed,
        ),
        (
            "r = ['a', 'b']\ntry:\n    r.append(f())\nexcept E:\n    pass\nsetup(install_requires=r)",
            computed,
        ),
        (
            "r = ['a', 'b']\n@f(r)\ndef g(): pass\nsetup(install_requires=r)",
            computed,
        ),
        (
            "r = ['a', 'b']\nclass C(f(r)): pass\nsetup(install_requires=r)",
            computed,
        ),
        (
            "r = ['a', 'b']\ndef f(x=r.append('c')): pass\nsetup(install_requires=r)",
            computed,
        ),
        ("setup(install_requires={'a', 'b'})", computed),
        ("k = f()\nsetup(**k)", "arguments that are not known"),
        (
            "setup(f(), install_requires=['a', 'b'])",
            "arguments that are not known",
        ),
        (
            "if x:\n    setup(install_requires=['a', 'b'])",
            "calls `setup` where",
        ),
        (
            "if x:\n    setup()\nsetup(install_requires=['a', 'b'])",
            "calls `setup` where",
        ),
        (
            "def main():\n    setup()\nif x: main()\nsetup(install_requires=['a', 'b'])",
            "calls `setup` where",
        ),
        ("f(setup)\nsetup(install_requires=['a', 'b'])", "`setup`"),
        (
            "setup()\nsetup(install_requires=['a', 'b'])",
            "more than once",
        ),
        (
            "if x: sys.exit()\nsetup(install_requires=['a', 'b'])",
            "may end early",
        ),
        (
            "sys.exit(1)\nsetup(install_requires=['a', 'b'])",
            "ends with `exit`",
        ),
        ("x = 1", "does not call `setup`"),
        ("print 'x'\nsetup()", "does not parse"),
        (
            "import numpy\nsetup(install_requires=['a', 'b'])",
            "imports `numpy`",
        ),
        (
            "from skbuild import setup\nsetup(install_requires=['a', 'b'])",
            "imports `skbuild`",
        ),
        (
            "import setuptools.dist as d\nd.Distribution = 1\nsetup(install_requires=['a', 'b'])",
            "changes `setuptools.dist.Distribution`",
        ),
        (
            "setup(install_requires=['a', 'b'], cmdclass={'egg_info': x})",
            "command `egg_info`",
        ),
        (
            "setup(install_requires=['a', 'b'], cmdclass=x)",
            "computes `cmdclass`",
        ),
        (
            "setup(install_requires=['a', 'b'], distclass=x)",
            "uses `distclass`",
        ),
        ("setup(install_requires=['a', 'b'], pbr=True)", "uses `pbr`"),
        (
            "setup(install_requires=['a', 'b'], setup_requires=['pbr'])",
            "`pbr` takes part",
        ),
        (
            "setup(install_requires=['a', 'b'], python_requires=x)",
            "computes `python_requires`",
        ),
        (
            "setup(install_requires=['a', 'b'], python_requires='3.*')",
            "refuse",
        ),
        (
            "setup(install_requires=['a', 'b'], extras_require=x)",
            "computes `extras_require`",
        ),
        ("setup(install_requires=['a', '-r b'])", "refuse"),
        ("setup(install_requires=['a'])", "says otherwise"),
        (
            "setup(install_requires=['a', 'b'], extras_require={'x': []})",
            "says otherwise",
        ),
        (
            "setup(name='bar', install_requires=['a', 'b'])",
            "is of `bar`",
        ),
        (
            "setup(version='2', install_requires=['a', 'b'])",
            "of version `2`",
        ),
        (
            "setup(install_requires=['a', 'b'], long_description=open('NO').read())",
            "`NO`, which is not in",
        ),
    ] {
        is_not_known(setup, reason);
    }
    assert!(
        lines("setup(install_requires=['a'])", "", &[])
            .is_err_and(|error| error.contains("no `requires.txt`"))
    );
}

#[test]
fn files_of_requirements_are_read() {
    let files = [
        ("requirements.txt", "a\r\n# c\n\nb\n"),
        ("src/reqs.in", "a\nb"),
        ("LATIN.txt", "a\nb # \u{e9}"),
    ];
    for setup in [
        "setup(install_requires=open('requirements.txt').read().splitlines())",
        "with open('requirements.txt') as f:\n    r = f.readlines()\nsetup(install_requires=r)",
        "here = os.path.abspath(os.path.dirname(__file__))\ndef read(*p): pass\ndef reqs(n):\n    with open(os.path.join(here, n)) as f:\n        lines = [l.strip() for l in f if l.strip()]\n    return [l for l in lines if l[0:1] != '#' or not l.startswith('#')]\nsetup(install_requires=reqs('requirements.txt'))",
        "from pathlib import Path\nsetup(install_requires=(Path(__file__).parent / 'src' / 'reqs.in').read_text())",
        "import io\nsetup(install_requires=io.open(os.path.join('src', 'reqs.in'), encoding='utf8').read().split('\\n'))",
        "setup(install_requires=open('LATIN.txt', encoding='utf-8').read())",
    ] {
        let known = lines(setup, "a\nb", &files);
        if setup.contains("l[0:1]") {
            assert!(known.is_err(), "{known:?}");
        } else {
            assert_eq!(
                known.as_deref(),
                Ok(&["a".to_owned(), "b".to_owned()][..]),
                "{setup}"
            );
        }
    }
    for setup in [
        "setup(install_requires=open('LATIN.txt').read())",
        "f = open('requirements.txt')\nf.read()\nsetup(install_requires=f.read())",
        "os.chdir(x)\nsetup(install_requires=open('requirements.txt').read())",
        "setup(install_requires=open('../requirements.txt').read())",
    ] {
        assert!(lines(setup, "a\nb", &files).is_err(), "{setup}");
    }
}

#[test]
fn modules_of_its_own_are_looked_into() {
    let setup = "import foo\nsetup(version=foo.__version__, install_requires=['a', 'b'])";
    for (module, is_known) in [
        (
            "import os\n__version__ = '1'\ndef f():\n    import numpy",
            true,
        ),
        (
            "try:\n    import numpy\nexcept ImportError:\n    numpy = None",
            true,
        ),
        ("from .x import *", true),
        ("import numpy", false),
        ("from . import y", false),
        ("import setuptools", false),
        ("import imp", false),
        ("print 'x'", false),
    ] {
        let files = [
            ("foo/__init__.py", module),
            ("foo/x.py", "import foo, re"),
            ("foo/y.py", "from .z import a"),
        ];
        assert_eq!(lines(setup, "a\nb", &files).is_ok(), is_known, "{module}");
    }
}

#[test]
fn setup_cfg_counts_where_setup_py_is_silent() {
    let requires = "a>=1\n\n[:os_name == \"nt\"]\nb\n\n[Test]\nc\n";
    let with = |more: &[(&str, &str)]| {
        let mut files = vec![
            ("setup.cfg", CONFIG),
            ("foo.egg-info/requires.txt", requires),
        ];
        files.extend(more);
        read(&files)
    };
    for setup in [
        "import setuptools\nsetuptools.setup()",
        "from setuptools import setup\nsetup(install_requires=[], extras_require=None)",
    ] {
        let metadata = with(&[("setup.py", setup)]).expect(setup);
        let texts: Vec<&str> = metadata.requires_dist.iter().map(|it| &*it.text).collect();
        assert_eq!(
            texts,
            ["a>=1", "b; os_name == 'nt'", "c; extra == \"test\""]
        );
        assert_eq!(metadata.requires_python_text.as_deref(), Some(">=3.6"));
        assert_eq!(metadata.provides_extra.len(), 1);
    }
    assert!(with(&[]).is_ok());
    let legacy = "[build-system]\nrequires = ['setuptools>=42', 'wheel']\nbuild-backend = 'setuptools.build_meta'\n[tool.black]\n";
    assert!(with(&[("pyproject.toml", legacy)]).is_ok());
    for pyproject in [
        "[build-system]\nrequires = ['flit_core']\nbuild-backend = 'flit_core.buildapi'",
        "[build-system]\nrequires = ['setuptools', 'unheard-of']",
        "[build-system]\nrequires = ['setuptools']\nbackend-path = ['.']",
        "[project]\nname = 'foo'\ndynamic = ['dependencies']",
        "[tool.setuptools]\nx = 1",
        "x",
    ] {
        assert!(
            with(&[("pyproject.toml", pyproject)]).is_err(),
            "{pyproject}"
        );
    }
    let setup = "from setuptools import setup\nsetup(install_requires=['x'])";
    assert!(with(&[("setup.py", setup)]).is_err_and(|error| error.contains("says otherwise")));
    let from_file = CONFIG.replace("\n    a>=1\n    b; os_name == 'nt'", " file: r.txt");
    let lines = "# no\na>=1\nb; os_name == 'nt'\n";
    let files = |config| {
        [
            ("setup.cfg", config),
            ("foo.egg-info/requires.txt", requires),
            ("r.txt", lines),
        ]
    };
    assert!(read(&files(&from_file)).is_ok());
    assert!(read(&files(&from_file)[..2]).is_err());
    assert!(read(&[]).is_err());
}

#[test]
fn hostile_files_end() {
    let grow = "x = ['a', 'b']\nfor a in x:\n".to_owned();
    for setup in [
        "x = ".to_owned() + &"[".repeat(90) + &"]".repeat(90),
        "x = ".to_owned() + &"a + ".repeat(10_000) + "a",
        "x = a".to_owned() + &".b()".repeat(10_000),
        "x = ".to_owned() + &"not ".repeat(20_000) + "a",
        "x = ".to_owned() + &"-".repeat(20_000) + "1",
        "x = ".to_owned() + &"lambda: ".repeat(20_000) + "1",
        "x = ".to_owned() + &"1 if a else ".repeat(20_000) + "1",
        "x = ".to_owned() + &"a ** ".repeat(20_000) + "1",
        (0..200).fold(String::new(), |text, depth| {
            text + &" ".repeat(depth) + "if a:\n"
        }),
        grow + "    x += x\n",
        "def f(x): return f(x)\nf(1)".to_owned(),
        "x = ['a'] * 2\nx = ['a']\n".to_owned() + &"x = x + x\n".repeat(60),
        "x = 'a'\n".to_owned() + &"x = x + x\n".repeat(60),
        "x = [1]\n".to_owned() + &"x.append(x)\n".repeat(3) + "f(x)",
        "x = ['aaaaaaaaaa']\n".to_owned() + &"x = [y for y in x + x]\n".repeat(40),
    ] {
        let _ = lines(&(setup + "\nsetup()"), "", &[]);
    }
}
