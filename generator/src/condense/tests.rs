//! Follow-ups as stories: what was asked and answered, what is asked next, and what is searched for.

use proptest::prelude::*;

use super::{Condensed, How, MAX_TURNS, Turn, condense};
use footnote_core::text::is_stop_word;

/// `question → answer` turns, oldest first.
fn turns(turns: &[(&str, &str)]) -> Vec<Turn> {
    let turn = |(question, answer): &(&str, &str)| Turn {
        question: (*question).to_owned(),
        answer: (!answer.is_empty()).then(|| (*answer).to_owned()),
    };
    turns.iter().map(turn).collect()
}

fn asked(history: &[(&str, &str)], question: &str) -> String {
    condense(&turns(history), question).question
}

/// After one question without an answer.
fn after(table: &[(&str, &str, &str)]) {
    for (before, question, expected) in table {
        assert_eq!(asked(&[(before, "")], question), *expected, "after {before:?}");
    }
}

#[test]
fn a_pronoun_gives_way_to_the_one_thing_that_it_can_mean() {
    after(&[
        (
            "What is the guarantee of the X200 pump?",
            "How long does it last?",
            "How long does the guarantee of the X200 pump last?",
        ),
        ("What is the guarantee of the X200 pump?", "What is its price?", "What is the X200 pump's price?"),
        ("How many parameters does Llama 3 have?", "When was it released?", "When was Llama 3 released?"),
        (
            "How long did the outage of 11 March 2025 last?",
            "Who noticed it first?",
            "Who noticed the outage of 11 March 2025 first?",
        ),
        ("Which port does the llama.cpp server listen on?", "Who wrote it?", "Who wrote the llama.cpp server?"),
        ("What is quantization?", "Why does it make a model faster?", "Why does quantization make a model faster?"),
        ("How does speculative decoding work?", "Is it exact?", "Is speculative decoding exact?"),
        ("Who founded Mistral AI?", "Where are its offices?", "Where are Mistral AI's offices?"),
        ("Why are citations checked?", "How are they checked?", "How are citations checked?"),
        ("Where are the backups kept?", "How often are they made?", "How often are the backups made?"),
        ("What's the licence of Gemma 3?", "What does it forbid?", "What does the licence of Gemma 3 forbid?"),
    ]);
}

#[test]
fn where_several_things_can_be_meant_all_are_named_behind_the_question() {
    after(&[
        ("When did Meta release Llama 2?", "What is its licence?", "What is its licence? (Meta, Llama 2)"),
        (
            "Did Meta train Llama 3 on more data than Llama 2?",
            "How much was it?",
            "How much was it? (Meta, Llama 3, Llama 2)",
        ),
    ]);
}

#[test]
fn another_thing_takes_the_place_of_the_one_of_its_kind() {
    after(&[
        ("What is the licence of Llama 3.1?", "What about Mistral?", "What is the licence of Mistral?"),
        ("How large is the vocabulary of Qwen2.5?", "And Gemma 2?", "How large is the vocabulary of Gemma 2?"),
        ("What is Llama's context length?", "how about Mixtral?", "What is Mixtral's context length?"),
        (
            "How many people visited the archive in 2018?",
            "And in 2019?",
            "How many people visited the archive in 2019?",
        ),
        (
            "How many people visited the archive in 2018?",
            "What about 2019?",
            "How many people visited the archive in 2019?",
        ),
        ("How many layers does the 7B have?", "And the 14B?", "How many layers does the 14B have?"),
        ("Does the model run with 24 GB?", "And with 16 GB?", "Does the model run with 16 GB?"),
        ("When did Meta release Llama 2?", "And Llama 3?", "When did Meta release Llama 3?"),
        ("What is the guarantee of the X200 pump?", "And of the Y300?", "What is the guarantee of the Y300?"),
        ("What is the guarantee of the X200 pump?", "And the price?", "What is the price of the X200 pump?"),
        (
            "How many passages are reranked on the server?",
            "And on laptops?",
            "How many passages are reranked on laptops?",
        ),
    ]);
}

#[test]
fn an_ellipsis_takes_the_words_of_the_question_before() {
    after(&[
        ("Why was the cache exhausted on harbour?", "For how long?", "For how long? (cache exhausted harbour)"),
        ("Does Wick refuse some questions?", "Why?", "Why? (Wick refuse questions)"),
        ("Is there a fee for copies?", "How much?", "How much? (fee copies)"),
        ("How many actions were agreed on?", "And the second one?", "And the second one? (actions agreed)"),
        ("Can the X200 pump be repaired?", "By whom?", "By whom? (X200 pump repaired)"),
        ("Which model runs on laptops?", "Which version?", "Which version? (model runs laptops)"),
        ("Was the switch to Rust discussed?", "Who decided that?", "Who decided that? (switch Rust discussed)"),
        ("How is the index rebuilt?", "Tell me more", "Tell me more (index rebuilt)"),
        ("How many parameters does Qwen2.5 3B have?", "And the licence?", "And the licence? (Qwen2.5 3B)"),
        ("What does Meta's Llama need?", "Price?", "Price? (Meta's Llama need)"),
    ]);
}

#[test]
fn what_points_at_the_subject_gets_it() {
    after(&[
        ("Where is the archive of Monte Seco?", "Who works there?", "Who works there? (the archive of Monte Seco)"),
        ("How does the X200 pump start?", "What is the price?", "What is the price? (the X200 pump)"),
        ("How is Llama 3 licensed?", "Is this licence free?", "Is this licence free? (Llama 3)"),
        ("Is Llama or Mistral better?", "What is the licence of the latter?", "What is the licence of Mistral?"),
        ("Is Llama or Mistral better?", "Who made the former?", "Who made Llama?"),
    ]);
}

#[test]
fn an_answer_names_what_was_asked_for() {
    let who = [("Who founded DeepSeek?", "Liang Wenfeng founded it [1].")];
    assert_eq!(asked(&who, "Where did he study?"), "Where did Liang Wenfeng study?");
    let which = [("Which model serves laptops?", "Since May, Gemma 3 4B does [1]. Before, Qwen2.5 did.")];
    assert_eq!(asked(&which, "What licence does it have?"), "What licence does it have? (Gemma 3 4B)");
    let when = [("When was Llama 2 released?", "On 18 July 2023 [1].")];
    assert_eq!(asked(&when, "What has changed since then?"), "What has changed since then? (Llama 2, 18 July 2023)");
    let what = [("What is needed?", "A Mac Studio is needed.")];
    assert_eq!(asked(&what, "What does it cost?"), "What does it cost? (Mac Studio)");
}

#[test]
fn a_chain_of_follow_ups_is_followed_to_its_subject() {
    let history =
        [("How large is the window of Mistral 7B?", "32K tokens [1]."), ("And of Mixtral 8x7B?", "Also 32K.")];
    assert_eq!(asked(&history, "And of Gemma 3?"), "How large is the window of Gemma 3?");
    let history = [("What is the KV cache?", "It keeps keys."), ("How does it grow?", "With the context.")];
    assert_eq!(asked(&history, "Can it be quantized?"), "Can the KV cache be quantized?");
}

#[test]
fn no_more_than_three_turns_count() {
    let history = [("What is the KV cache?", ""), ("Thanks!", ""), ("Yes.", ""), ("Ok.", "")];
    assert_eq!(asked(&history[..3], "How large is it?"), "How large is the KV cache?");
    assert_eq!(MAX_TURNS, 3);
    assert_eq!(condense(&turns(&history), "How large is it?").how, How::Unchanged);
}

#[test]
fn a_question_that_stands_alone_stays_as_it_is() {
    let history = turns(&[("What is the guarantee of the X200 pump?", "The X200 has two years [1].")]);
    for question in [
        "Who founded Mistral AI?",
        "And who founded Mistral AI?",
        "  Which port does vLLM use ?  ",
        "What does the gateway do when it is overloaded?",
        "When did the archive open, and how many people visited it in its first year?",
        "Which company lists its licences on the hub?",
        "Who said that he would leave the team?",
        "In its first year, how many users did Wick have?",
        "What is the name of the tokenizer that Mistral NeMo introduced?",
        "Are there models that run without a GPU?",
        "Is it possible to ask Wick in Spanish?",
        "How long does it take to restore the largest customer's backup?",
        "Was it in Porto that the company was founded?",
        "What are the names of those who decided against LangChain?",
        "How does the cache of a small model compare with that of a large one?",
        "Why did the customers who had no machine share theirs?",
        "What did the engineers bring with them from Meta?",
        "If a model fails the gate, when may this model be proposed again?",
        "What is quantization?",
        "What is a token?",
        "Who is Tri Dao?",
        "LoRA rank and alpha",
        "Explain LoRA",
        "list all machines at Lantern Works",
        "Why does the server itself retry?",
        "What about the licence makes Gemma a grade C model?",
        "Do LoRA adapters help?",
        "What happened on 11 March 2025?",
        "Wo kommt der Begriff her?",
        "Quelle est la licence de Mistral 7B ?",
        "模型需要多少内存？",
        "",
        "???",
        "🙂",
    ] {
        let expected = Condensed { question: question.to_owned(), how: How::Unchanged };
        assert_eq!(condense(&history, question), expected);
    }
}

#[test]
fn without_a_history_nothing_is_changed() {
    for history in [turns(&[]), turns(&[("", ""), ("?!", "An answer.")])] {
        let condensed = condense(&history, "How long does it last?");
        assert_eq!((condensed.question.as_str(), condensed.how), ("How long does it last?", How::Unchanged));
    }
}

#[test]
fn of_other_languages_only_a_fragment_is_completed() {
    let history = [("Wie viele Besucher kamen 2018 ins Archiv?", "")];
    assert_eq!(asked(&history, "Und 2019?"), "Und 2019? (Wie viele Besucher kamen 2018 ins Archiv)");
    assert_eq!(asked(&history, "Wann wurde es gebaut?"), "Wann wurde es gebaut?");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn nothing_makes_it_panic_and_nothing_grows_past_the_limit(
        questions in prop::collection::vec("(it |its |the |[A-Z][a-z]{0,5} |[0-9]{1,4} |of |what |about |\\PC{0,3}|\n){0,12}", 0..5),
        question in "(it |and |its |the |[A-Z][a-z]{0,5}'s |[0-9]{1,4} |of |what |about |that |there |\\PC{0,3}|\\?){0,12}",
        answer in prop::option::of("\\PC{0,60}"),
    ) {
        let history: Vec<Turn> = questions.into_iter().map(|question| Turn { question, answer: answer.clone() }).collect();
        let condensed = condense(&history, &question);
        prop_assert!(condensed.question.chars().count() <= 8_000);
        prop_assert_eq!(condensed.how == How::Unchanged, condensed.question == question);
    }

    #[test]
    fn no_word_that_carries_meaning_is_lost(
        before in "(What is|How large is|When was|Did Meta buy) (the )?(licence of )?(Llama|pump|X200|2018)( in 2018| last)?\\?",
        question in "(And |What about |How large is |Who made |in |the |it|its|they|that|price|Llama|Mistral|2019|16 GB| |pumps|why){1,7}\\?",
    ) {
        let history = turns(&[(&before, "Meta did, in Paris.")]);
        let condensed = condense(&history, &question);
        let said: Vec<String> = footnote_core::text::words(&condensed.question).map(|word| word.trim_end_matches("'s").to_owned()).collect();
        for word in footnote_core::text::words(&question).filter(|word| !is_stop_word(word)) {
            prop_assert!(said.contains(&word), "{word:?} of {question:?} is not in {:?}", condensed.question);
        }
    }

    #[test]
    fn what_was_condensed_is_not_condensed_again(
        before in "(What is|How large is|When was) (the licence of |the )(Llama 3|X200 pump|archive)\\?",
        question in "(And |What about )?(how large is|who made|does|when was) (it|its price|the pump|Gemma 2|they|that)( work| in 2019)?\\?",
    ) {
        let history = turns(&[(&before, "")]);
        let once = condense(&history, &question);
        let twice = condense(&history, &once.question);
        prop_assert_eq!(twice.question, once.question);
    }
}
