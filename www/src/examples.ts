// Projects to begin with.

export interface Example {
  title: string;
  pyproject: string;
}

export const EXAMPLES: Example[] = [
  {
    title: "A web application",
    pyproject: `[project]
name = "shop"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = [
    "flask>=3.0",
    "httpx[http2]",
]

[dependency-groups]
dev = ["pytest>=8"]
`,
  },
  {
    title: "Different on each platform",
    pyproject: `[project]
name = "terminal"
version = "0.1.0"
requires-python = ">=3.10"
dependencies = [
    "rich",
    "colorama ; sys_platform == 'win32'",
    "uvloop ; sys_platform != 'win32'",
    "tomli ; python_version < '3.11'",
]
`,
  },
  {
    title: "Extras and groups",
    pyproject: `[project]
name = "library"
version = "1.0.0"
requires-python = ">=3.10"
dependencies = ["attrs"]

[project.optional-dependencies]
cli = ["click>=8"]
docs = ["markdown-it-py"]

[dependency-groups]
test = ["pytest", "coverage"]
dev = [{ include-group = "test" }, "mypy"]
`,
  },
  {
    title: "Old and new Pythons",
    pyproject: `[project]
name = "science"
version = "0.1.0"
requires-python = ">=3.9"
dependencies = ["numpy"]
`,
  },
  {
    title: "No solution, on purpose",
    pyproject: `[project]
name = "conflict"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = [
    "flask>=3.0",
    "werkzeug<2",
]
`,
  },
];
