"""The analysis is plain counting, so that tests know what comes out."""

from sample_app.backend.legal_ai.analysis import analyze, readable, summarize

LEASE = (
    "Governed by the laws of Delaware. Liability is unlimited. They may terminate without notice."
)


def test_clauses_and_risky_words_are_found() -> None:
    found = analyze(LEASE)
    assert found.clauses == ["governing law", "liability", "termination"]
    assert found.risks == ["unlimited", "without notice"]
    assert (found.words, found.risk) == (14, 40)


def test_clauses_that_a_contract_should_have_raise_the_risk_when_missing() -> None:
    assert analyze("Hello.").risk == 30


def test_the_risk_is_never_above_100() -> None:
    words = "unlimited sole discretion irrevocable perpetual without notice waive"
    assert analyze(words).risk == 100


def test_a_summary_starts_with_the_first_sentence_and_names_the_clauses() -> None:
    summary = summarize(LEASE, analyze(LEASE))
    assert summary.startswith("Governed by the laws of Delaware.")
    assert "liability" in summary


def test_text_is_read_from_bytes_that_are_no_text() -> None:
    assert readable(b"\x00\xffPDF\x00 fee \x01") == "PDF fee"
