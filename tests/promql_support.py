"""As much of PromQL as the alert rules and the dashboard use, evaluated over scraped samples."""

import re
from dataclasses import dataclass
from math import inf, nan

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
TOKEN = re.compile(
    r'\s*(?:(\d+(?:\.\d+)?)|([A-Za-z_][\w:]*)|(=~|!=|>=|<=|==|[-+*/(){}\[\],=<>])|("(?:[^"\\]|\\.)*"))'
)
PRECEDENCE = ({"and"}, {">", "<", ">=", "<=", "=="}, {"+", "-"}, {"*", "/"})


def tokens(text):
    out, at = [], 0
    while at < len(text.rstrip()):
        found = TOKEN.match(text, at)
        if not found:
            raise ValueError(f"what is {text[at:]!r}?")
        out.append(found.group().strip())
        at = found.end()
    return out


@dataclass
class Query:
    """An expression, and the scrapes that it is asked of: pairs of time in s and samples (name, labels, value)."""

    text: str
    scrapes: list
    at: int = 0

    def __post_init__(self):
        self.words = tokens(self.text)
        self.names = set()

    def value(self):
        """A number, or values by labels."""
        self.at = 0
        out = self.binary(0)
        if self.at != len(self.words):
            raise ValueError(f"{self.text}: what is {self.words[self.at :]}?")
        return out

    def peek(self):
        return self.words[self.at] if self.at < len(self.words) else ""

    def take(self, wanted=None):
        word = self.peek()
        if wanted is not None and word != wanted:
            raise ValueError(f"{self.text}: {word!r} where {wanted!r} must stand")
        self.at += 1
        return word

    def binary(self, level):
        if level == len(PRECEDENCE):
            return self.atom()
        left = self.binary(level + 1)
        while self.peek() in PRECEDENCE[level]:
            sign = self.take()
            left = combined(sign, left, self.binary(level + 1))
        return left

    def atom(self):
        word = self.take()
        if word == "(":
            out = self.binary(0)
            self.take(")")
            return out
        if word[0].isdigit():
            return float(word)
        if word == "sum":
            return self.sum()
        if word in ("rate", "increase"):
            self.take("(")
            out = self.change(word, *self.selector(self.take()))
            self.take(")")
            return out
        if word == "scalar":
            self.take("(")
            inner = self.binary(0)
            self.take(")")
            return next(iter(inner.values())) if len(inner) == 1 else nan
        if word == "histogram_quantile":
            self.take("(")
            share = self.binary(0)
            self.take(",")
            inner = self.binary(0)
            self.take(")")
            return quantiles(share, inner)
        return self.instant(*self.selector(word))

    def sum(self):
        how, labels = "by", ()
        if self.peek() in ("by", "without"):
            how, labels = self.take(), self.labels()
        self.take("(")
        inner = self.binary(0)
        self.take(")")
        out = {}
        for key, value in inner.items():
            kept = frozenset(p for p in key if (p[0] in labels) is (how == "by"))
            out[kept] = out.get(kept, 0.0) + value
        return out

    def labels(self):
        self.take("(")
        out = []
        while self.peek() != ")":
            word = self.take()
            out += [] if word == "," else [word]
        self.take(")")
        return tuple(out)

    def selector(self, name):
        self.names.add(name)
        wanted = []
        if self.peek() == "{":
            self.take()
            while self.peek() != "}":
                if self.peek() == ",":
                    self.take()
                label, sign, text = self.take(), self.take(), self.take()[1:-1]
                wanted.append((label, sign, text))
            self.take("}")
        window = 0.0
        if self.peek() == "[":
            self.take()
            number, unit = self.take(), self.take()
            self.take("]")
            window = float(number) * UNITS[unit]
        return name, wanted, window

    def instant(self, name, wanted, window):
        assert not window
        return chosen(self.scrapes[-1][1], name, wanted)

    def change(self, kind, name, wanted, window):
        assert window
        now = self.scrapes[-1][0]
        inside = [scrape for scrape in self.scrapes if scrape[0] >= now - window]
        if len(inside) < 2:
            return {}
        (begin, first), (end, last) = inside[0], inside[-1]
        before, after = chosen(first, name, wanted), chosen(last, name, wanted)
        seconds = (end - begin) if kind == "rate" else 1.0
        return {key: (value - before[key]) / seconds for key, value in after.items() if key in before}


def chosen(samples, name, wanted):
    out = {}
    for sample in samples:
        if sample.name != name:
            continue
        fits = all(
            sample.labels.get(label, "") == text
            if sign == "="
            else re.fullmatch(text, sample.labels.get(label, ""))
            for label, sign, text in wanted
        )
        if fits:
            out[frozenset(sample.labels.items())] = sample.value
    return out


def combined(sign, left, right):
    if sign == "and":
        return {key: value for key, value in left.items() if key in right}
    both = isinstance(left, dict) and isinstance(right, dict)
    if not isinstance(left, dict) and not isinstance(right, dict):
        return applied(sign, left, right)
    keys = left.keys() & right.keys() if both else (left if isinstance(left, dict) else right).keys()
    out = {}
    for key in keys:
        a, b = (side[key] if isinstance(side, dict) else side for side in (left, right))
        value = applied(sign, a, b)
        if sign in ("+", "-", "*", "/"):
            out[key] = value
        elif value:
            out[key] = a
    return out


def applied(sign, a, b):
    if sign == "/":
        return a / b if b else (nan if a == 0 or a != a else inf)
    return {
        "+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, ">": lambda: a > b, "<": lambda: a < b,
        ">=": lambda: a >= b, "<=": lambda: a <= b, "==": lambda: a == b,
    }[sign]()  # fmt: skip


def quantiles(share, buckets):
    """As Prometheus: the bucket in which the rank lies, straight within it."""
    groups = {}
    for key, value in buckets.items():
        bound = float(dict(key)["le"].replace("+Inf", "inf"))
        groups.setdefault(frozenset(p for p in key if p[0] != "le"), []).append((bound, value))
    out = {}
    for key, pairs in groups.items():
        pairs.sort()
        rank, low, below = share * pairs[-1][1], 0.0, 0.0
        for bound, count in pairs:
            if count >= rank and pairs[-1][1] > 0:
                whole = (
                    low if bound == inf else low + (bound - low) * (rank - below) / max(count - below, 1e-12)
                )
                out[key] = whole
                break
            low, below = bound, count
    return out
