from __future__ import annotations

from flask import Flask

from stats.entrypoints.http import answers
from stats.entrypoints.http.answers import Answers


class Times:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def kept(given: Answers) -> int:
    return sum(len(body) for _, body, _ in given._kept.values())


def ask(given: Answers, question: str, size: int) -> bytes:
    with Flask("test").test_request_context("/"):
        return given.give(question, lambda: {"text": "x" * size}).get_data()


def test_an_answer_is_given_again_until_its_time_is_over() -> None:
    times = Times()
    given = Answers(1.0, times)

    first = ask(given, "/a?x=1", 1)

    assert ask(given, "/a?x=1", 2) == first
    assert ask(given, "/a?x=2", 2) != first
    times.now = 1.5
    assert ask(given, "/a?x=1", 2) != first


def test_ever_new_questions_do_not_fill_the_memory() -> None:
    given = Answers(60.0, Times())

    for number in range(200):
        ask(given, f"/a?x={number}", 100_000)
        assert kept(given) == given._bytes <= answers.MOST_BYTES

    assert kept(given) > answers.MOST_BYTES / 2


def test_ever_new_small_questions_do_not_either() -> None:
    given = Answers(60.0, Times())

    for number in range(answers.MOST_KEPT + 50):
        ask(given, str(number), 1)

    assert len(given._kept) == answers.MOST_KEPT


def test_what_a_crowd_asks_stays_whatever_else_is_asked() -> None:
    given = Answers(60.0, Times())
    first = ask(given, "the crowd's", 1)

    for number in range(200):
        ask(given, str(number), 100_000)
        assert ask(given, "the crowd's", 2) == first


def test_a_new_question_is_kept_when_the_memory_is_full() -> None:
    given = Answers(60.0, Times())
    for number in range(200):
        ask(given, str(number), 100_000)

    first = ask(given, "new", 1)

    assert ask(given, "new", 2) == first


def test_an_answer_beyond_the_memory_is_given_and_not_kept() -> None:
    given = Answers(60.0, Times())
    first = ask(given, "small", 1)

    assert len(ask(given, "large", answers.MOST_BYTES)) > answers.MOST_BYTES
    assert ask(given, "small", 2) == first


def test_a_question_asked_again_counts_once() -> None:
    times = Times()
    given = Answers(1.0, times)

    for round_ in range(200):
        times.now = 2.0 * round_
        ask(given, "/a", 100_000)
        ask(given, f"/b?{round_ % 3}", 100_000)

    assert given._bytes == kept(given)


def test_what_is_forgotten_takes_no_room() -> None:
    given = Answers(60.0, Times())
    for number in range(200):
        ask(given, f"/a?x={number}", 100_000)

    given.forget()
    first = ask(given, "/a?x=again", 1)

    assert ask(given, "/a?x=again", 2) == first
