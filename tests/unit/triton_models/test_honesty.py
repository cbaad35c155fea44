"""The answerer with the real encoder, on documents that no weight was fitted to."""

from typing import Any

from tests.unit.triton_models.loading import load

PASSAGES = [
    "### Can I cancel my ticket?\nYes, up to 48 hours before the show. We keep a fee of 3 euros per"
    " ticket and return the rest to your card within ten days.\n\n### Where can I park?\nIn the"
    " garage Theatre Square; the flat rate for visitors is 7 euros from 18:00.",
    "FAULTS. If the display shows F3, the door is not closed properly. When the lamp fails, replace"
    " it with a 25 watt G9 bulb. The guarantee lasts for two years.",
    "Kenji: Really well, they want me as assistant curator from August.",
    "Rosa: my supervisor Professor Adeyemi is waiting. I hand in my thesis on 30 November.",
    "## 3.2.0 (14 October)\n- HTTP/3 is switched on with `--http3`. It needs a certificate.\n"
    "- The minimum TLS version is now 1.2.\n\n## 3.1.0\n`pelican check` tests a configuration"
    " without starting the server.",
    "The glass frog was discovered in 1998 by the biologist Marisol Quintero. The female lays 18 to"
    " 30 eggs, which the male guards for about two weeks.",
]
ANSWERED = {
    "Until when can I cancel a ticket?": "48 hours",
    "How much does it cost to park?": "7 euros",
    "What does F3 on the display mean?": "F3",
    "How long is the guarantee?": "two years",
    "When will Rosa hand in her thesis?": "30 November",
    "Who is Rosa's supervisor?": "Adeyemi",
    "How do I switch on HTTP/3?": "--http3",
    "What is the minimum TLS version?": "1.2",
    "How can I test a configuration without starting the server?": "pelican check",
    "Who discovered the glass frog?": "Quintero",
    "When was the glass frog discovered?": "1998",
    "How many eggs does the female lay?": "18 to 30",
}
REFUSED = [
    "Who is the director of the theatre?",
    "What does F5 on the display mean?",
    "How much does the oven cost?",
    "When will Kenji hand in his thesis?",
    "What is Rosa's cat called?",
    "How do I install Pelican with Docker?",
    "Which port does Pelican listen on?",
    "Is the frog poisonous?",
    "How long does the frog live?",
    "What is the capital of France?",
    "Write me a poem about the sea.",
    "Hello!",
]


def test_most_questions_are_answered_rightly_and_hardly_any_wrongly(encoder: Any) -> None:
    answer = load("extractive", "answerer").answer
    right = wrong = 0
    for question, words in ANSWERED.items():
        for quote in answer(question, PASSAGES, encoder.encode).quotes[:1]:
            found = words in PASSAGES[quote.passage][quote.start : quote.end]
            right, wrong = right + found, wrong + (not found)
    false = sum(bool(answer(question, PASSAGES, encoder.encode).quotes) for question in REFUSED)
    assert (right, wrong, false) >= (9, 0, 0)
    assert wrong <= 1
    assert false <= 1
