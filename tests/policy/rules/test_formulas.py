"""Formulas: those that only compute with columns are told from all others."""

from __future__ import annotations

import pytest

from safeload.policy.rules.formulas import columns_of_formula, is_factor

LEGITIMATE = {
    "y ~ a + b + C(g)": "y a b g",
    "y ~ np.exp(a) + I(b**2) + a:b": "y a b",
    "y ~ center(a) + bs(b, df=4) + standardize(c)": "y a b c",
    "y ~ bs(x, knots=[0.1, 0.5], degree=3, include_intercept=True)": "y x",
    "a + b - 1": "a b",
    "~ a": "a",
    "y ~ 1": "y",
    "y~-1+a": "y a",
    "y ~ 0 + a*b*c": "y a b c",
    "y ~ (a + b + c)**2": "y a b c",
    "a ~ b/c": "a b c",
    "np.log(y + 1.5e3) ~ x": "x y",
    "y ~ C(g, Treatment(reference='u'))": "y g",
    "y ~ C(g, levels=['u', \"v\"])": "y g",
    "y ~ Q('a b') + Q(\"c\")": "y;a b;c",
    "y ~ I(x > 3) + I((a + b) / 2) + np.where(x >= 1, 1, 0)": "y x a b",
    "y ~ I(x**0.5)": "y x",
    "y ~ C(g, levels=['u', 'v'])*x + I(g == 'u')*x": "y g x",
    "y ~ bs(x, 6, None, 3) + cr(z, df=5) + cc(x, df=4, constraints='center')": "y x z",
    "y ~ bs(x, knots=[50000, 90000]) + bs(x, df=None, knots=[1])": "y x",
    "y ~ np.where(g == 'u', 1, 0) + I(x * (g == 'u'))": "y x g",
    "größe ~ höhe": "größe höhe",
}


@pytest.mark.parametrize("formula", LEGITIMATE)
def test_the_columns_of_an_legitimate_formula_are_known(formula: str) -> None:
    names = LEGITIMATE[formula]
    wanted = frozenset(names.split(";" if ";" in names else None))
    assert columns_of_formula(formula) == wanted


HOSTILE = [
    # Names and calls that are none of a formula's business.
    "y ~ __import__('os').system('true')",
    "y ~ open('x')",
    "y ~ exec(a)",
    "y ~ print(a)",
    "y ~ __builtins__",
    "y ~ _patsy_stobj0__center__",
    "y ~ _patsy_stobj0__center__.transform(a)",
    # Attributes, items, and calls of what is not a name.
    "y ~ a.b",
    "y ~ a.b()",
    "y ~ 1 .real",
    "y ~ True.real",
    "y ~ a[0]",
    "y ~ I([a][0])",
    "y ~ [a]",
    "y ~ C(g)(1)",
    "y ~ (C)(g)",
    "y ~ np.log",
    "y ~ np.load('x')",
    "y ~ np.lib.npyio.load('x')",
    "y ~ np.log(x).tofile('x')",
    "y ~ np . load ( 'x' )",
    # Other syntax of Python.
    "y ~ (lambda: 1)()",
    "y ~ I(lambda: 1)",
    "y ~ a if b else c",
    "y ~ I(a for a in b)",
    "y ~ I([a for a in b])",
    "y ~ I(a := 1)",
    "y ~ I(*a)",
    "y ~ I(**a)",
    "y ~ I(not a)",
    "y ~ I(a and b)",
    "y ~ I(a @ b)",
    "y ~ I(a:b)",
    "y ~ {a}",
    "y ~ `a`",
    "y ~ f'{a}'",
    "y ~ C(f'{open}')",
    "y ~ C('a' 'b')",
    "y ~ C('\\x41')",
    "y ~ 'text'",
    "y ~ x # y",
    "y ~ x; import os",
    "y ~ x \\\n + z",
    "y ~ 0x1",
    "y ~ 1_0",
    "y ~ 1j",
    "y ~ await a",
    # More columns than anybody fits, or texts and lists as long as the memory.
    "y ~ bs(x, df=999999999)",
    "y ~ bs(x, 999999999)",
    "y ~ bs(x, degree=101)",
    "y ~ bs(x, df=9*9)",
    "y ~ bs(x, df=(999999999))",
    "y ~ bs(x, df=x)",
    "y ~ bs(x, df=-1)",
    "y ~ cr(x, df=np.exp(99))",
    "y ~ I([1]*999999999)",
    "y ~ I(999999999*'a')",
    "y ~ I(I('a')*999999999)",
    "y ~ I(('a' + 'b')*999999999)",
    "y ~ C(g, levels=['a']*999999999)",
    "y ~ bs(x, knots=[1]*999999999)",
    # Letters that Python reads as others.
    "y ~ \ufb01le",
    "y ~ \uff45val",
    # A name that is looked up, but not in quotes.
    "y ~ Q(a)",
    "y ~ Q()",
    "y ~ Q('a', 'b')",
    # Not a formula.
    "",
    "~",
    "y ~",
    "y ~ a ~ b",
    "y ~ (a",
    "y ~ a)",
    "y ~ C(a",
    "y ~ + ",
    # Numbers and terms without bound.
    "y ~ 9**9**9",
    "y ~ I((9**9)**9)",
    "y ~ I(((x**9)**9)**9)",
    "y ~ I(x**a)",
    "y ~ I(x**99)",
    "y ~ 9999999999",
    "y ~ " + "*".join("abcdefghijklmnopqrst"),
    "y ~ (" + "+".join("abcdefghij") + ")**8",
    "y ~ " + "(" * 40 + "a" + ")" * 40,
    "y ~ " + "+".join(["a"] * 2_000),
]


@pytest.mark.guarantee("G11")
@pytest.mark.parametrize("formula", HOSTILE)
def test_a_formula_that_could_do_more_is_none(formula: str) -> None:
    assert columns_of_formula(formula) is None


@pytest.mark.parametrize(
    "code",
    [
        "a",
        "np.log(y + 100)",
        "I(a ** 2)",
        "_patsy_stobj0__center__.memorize_chunk(a)",
        "_patsy_stobj12__bs__.transform(b, df=4)",
        'Q("a b")',
    ],
)
def test_parts_that_patsy_evaluates_are_known(code: str) -> None:
    assert is_factor(code)


@pytest.mark.guarantee("G11")
@pytest.mark.parametrize(
    "code",
    [
        "",
        "a ~ b",
        "a:b",
        "open('x')",
        "__import__('os')",
        "_patsy_stobj0__center__.mro()",
        "_patsy_stobj0__open__.transform('x')",
        "_patsy_stobj0__center__",
        "(1).__class__",
        "def _parse_args(self, loc=0): pass",
    ],
)
def test_other_code_is_no_part_of_a_formula(code: str) -> None:
    assert not is_factor(code)


def test_signs_before_a_term_are_no_recursion() -> None:
    assert columns_of_formula("y ~ " + "-" * 1_900 + "x") == frozenset("xy")
