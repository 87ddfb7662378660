"""Owns how a message is put into words: the templates, Vietnamese first, English complete. It must never
let text from outside become markup or a header line."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib import resources
from typing import Any, Final
from urllib.parse import quote

import jinja2
import orjson

from notify.domain.kinds import Kind, Locale
from notify.domain.messages import Message
from notify.domain.names import Bearer, Names

# Not calendar.month_name: that follows the locale of the process.
MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
TITLE_LIMIT: Final = 200

# Where the portal shows what a message is about; the part after `#` never reaches a server or its logs.
LINKS: Final[Mapping[Kind, tuple[str, str]]] = {
    Kind.SUBMITTED: ("initiative", "#/initiatives/{initiative_id}"),
    Kind.ASSIGNED: ("case", "#/cases/{initiative_id}"),
    Kind.REVISION_REQUESTED: ("initiative", "#/initiatives/{initiative_id}"),
    Kind.VALIDATED: ("initiative", "#/initiatives/{initiative_id}"),
    Kind.APPROVED: ("initiative", "#/initiatives/{initiative_id}"),
    Kind.REJECTED: ("initiative", "#/initiatives/{initiative_id}"),
    Kind.WITHDRAWN: ("initiative", "#/initiatives/{initiative_id}"),
    Kind.TARGET_REACHED: ("unit", "#/units/{unit}"),
}
PREFERENCES_PAGE: Final = "#/preferences"


@dataclass(frozen=True)
class Wording:
    """A message in one language: a title of one line and the paragraphs of its body, plain text."""

    title: str
    paragraphs: tuple[str, ...]

    @property
    def body(self) -> str:
        return "\n\n".join(self.paragraphs)


@dataclass(frozen=True)
class Link:
    label: str
    url: str


@dataclass(frozen=True)
class Letter:
    """The two forms of a mail's body."""

    subject: str
    text: str
    html: str


def one_line(text: str) -> str:
    """`text` without anything that could end a line or change how the rest is read: control and format
    characters (line ends, bidirectional overrides, zero-width signs) become single spaces."""
    if text.isprintable():  # Nearly always, and a hundred times quicker to ask than to go through each sign.
        return " ".join(text.split())
    kept = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in text)
    return " ".join(kept.split())


class Words:
    """Renders messages. Compiles every template when it is made, so that a broken one stops the start.

    public_url: the address of the portal, without a slash at its end.
    """

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url.rstrip("/")
        self._folder = resources.files("notify") / "templates"
        # Titles and bodies are plain text; what puts them into HTML is _markup, which escapes.
        self._plain = _environment(autoescape=False)
        self._markup = _environment(autoescape=True)
        self._words: dict[Locale, dict[str, Any]] = {
            locale: orjson.loads(self._source(f"{locale}/words.json")) for locale in Locale
        }
        self._titles: dict[tuple[Locale, Kind], jinja2.Template] = {}
        self._bodies: dict[tuple[Locale, Kind], jinja2.Template] = {}
        for locale in Locale:
            for kind in Kind:
                # Split before rendering: no value can move a word from the body into the title.
                title, body = self._source(f"{locale}/{kind}.txt").split("\n", 1)
                self._titles[locale, kind] = self._plain.from_string(title)
                self._bodies[locale, kind] = self._plain.from_string(body)
        self._mail_text = self._plain.from_string(self._source("mail.txt"))
        self._mail_html = self._markup.from_string(self._source("mail.html"))

    def wording(self, message: Message, locale: Locale) -> Wording:
        """The title and body of a message; jinja2.UndefinedError when a fact is missing that they name."""
        view = self._view(message, locale)
        title = one_line(self._titles[locale, message.kind].render(view))[:TITLE_LIMIT]
        body = self._bodies[locale, message.kind].render(view)
        return Wording(title, tuple(one_line(part) for part in body.split("\n\n") if part.strip()))

    def link(self, message: Message, locale: Locale) -> Link:
        target, path = LINKS[message.kind]
        label: str = self._words[locale]["links"][target]
        values = {name: quote(str(value), safe="") for name, value in message.facts.items()}
        return Link(label, f"{self._public_url}/{path.format_map(values)}")

    def letter(self, message: Message, locale: Locale, name: str | None) -> Letter:
        """The mail's subject and its body as text and as HTML; name: whom to greet, if known."""
        words = self._words[locale]
        wording = self.wording(message, locale)
        greeting = words["greeting_named"].format(name=one_line(name)) if name else words["greeting"]
        view = {
            "locale": locale.value,
            "words": words,
            "title": wording.title,
            "greeting": greeting,
            "paragraphs": wording.paragraphs,
            "link": self.link(message, locale),
            "preferences_url": f"{self._public_url}/{PREFERENCES_PAGE}",
        }
        return Letter(wording.title, self._mail_text.render(view), self._mail_html.render(view))

    def _source(self, name: str) -> str:
        return (self._folder / name).read_text(encoding="utf-8")

    def _view(self, message: Message, locale: Locale) -> dict[str, Any]:
        words = self._words[locale]
        facts = {
            name: one_line(value) if isinstance(value, str) else value
            for name, value in message.facts.items()
        }
        view: dict[str, Any] = {
            **facts,
            "_words": words,
            "_names": message.names,
            "_locale": locale,
        }
        if "code" in facts:
            form = words["initiative_titled" if facts.get("title") else "initiative_untitled"]
            view["initiative"] = form.format(title=facts.get("title"), code=facts["code"])
        return view


def _environment(*, autoescape: bool) -> jinja2.Environment:
    environment = jinja2.Environment(
        autoescape=autoescape,  # noqa: S701
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "day": _show_day,
        "number": _show_number,
        "unit_name": _show_unit,
        "campaign_name": _show_campaign,
        "role_name": _show_role,
    }
    return environment


@jinja2.pass_context
def _show_day(context: jinja2.runtime.Context, value: str) -> str:
    day = date.fromisoformat(value)
    form: str = context["_words"]["day"]
    return form.format(day=day.day, month=day.month, month_name=MONTHS[day.month - 1], year=day.year)


@jinja2.pass_context
def _show_number(context: jinja2.runtime.Context, value: int) -> str:
    separator: str = context["_words"]["thousands"]
    return f"{value:,}".replace(",", separator)


@jinja2.pass_context
def _show_unit(context: jinja2.runtime.Context, code: str) -> str:
    return _name(context, Bearer.UNIT, code)


@jinja2.pass_context
def _show_campaign(context: jinja2.runtime.Context, id: str) -> str:
    return _name(context, Bearer.CAMPAIGN, id)


def _name(context: jinja2.runtime.Context, bearer: Bearer, id: str) -> str:
    """The name in the reader's language, else in Vietnamese, else the id."""
    names: Names = context["_names"]
    known = names.get(bearer, {}).get(id, {})
    return one_line(known.get(context["_locale"]) or known.get(Locale.VI) or id)


@jinja2.pass_context
def _show_role(context: jinja2.runtime.Context, role: str) -> str:
    roles: Mapping[str, str] = context["_words"]["roles"]
    return roles.get(role, role)
