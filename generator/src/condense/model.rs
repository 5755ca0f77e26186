//! A language model condenses, where it is large enough; what it writes is held against the conversation.

use std::collections::HashSet;
use std::time::Duration;

use footnote_core::question::MAX_QUESTION_CHARS;
use footnote_core::seam::{GenerationEvent, GenerationRequest, Generator, GeneratorInfo, Message, Role};
use footnote_core::{Code, Error, Result};
use futures::StreamExt;

use super::language::Language;
use super::need::{Need, need};
use super::token::{Class, Token, tokens};
use super::{Condensed, How, Lack, MAX_TURNS, Turn, by_rules};
use crate::cite::without_marks;
use crate::lexical::stem;
use crate::plain::plain;

const SYSTEM: &str = include_str!("../../prompts/condense-system.txt");
const QUESTION: &str = include_str!("../../prompts/condense-question.txt");

/// From this size on a model is asked without being told to be. The 135M of the bundle loses the thread
/// of a conversation; 1.5B is the smallest size that families publish for conversations of several turns.
const MIN_PARAMETERS: u64 = 1_500_000_000;
/// Characters of a question or an answer that the prompt holds: prefill is what a laptop waits for.
const PROMPT_CHARS: usize = 300;
/// The most tokens of a rewritten question.
const MAX_TOKENS: usize = 96;
/// Characters that a rewriting may add.
const MAX_ADDED_CHARS: usize = 200;

/// Whether a model is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ModelUse {
    /// When its name tells that it has 1.5 billion parameters or more.
    #[default]
    Auto,
    /// Whatever its name tells.
    Always,
    /// Never.
    Never,
}

impl ModelUse {
    /// Whether the model of `info` is good enough to be asked.
    #[must_use]
    pub fn allows(self, info: &GeneratorInfo) -> bool {
        match self {
            Self::Auto => parameters(&info.model).is_some_and(|parameters| parameters >= MIN_PARAMETERS),
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// The number of parameters that a model's name tells: `qwen2.5-1.5b-instruct` has 1.5 billion, `8x7b` 56.
#[must_use]
pub fn parameters(model: &str) -> Option<u64> {
    let model = model.to_lowercase();
    let sizes = model.split(['-', '_', ':', '/', ' ', '@']).filter_map(|part| {
        let (number, unit) = match (part.strip_suffix('b'), part.strip_suffix('m')) {
            (Some(number), _) => (number, 1e9),
            (_, Some(number)) => (number, 1e6),
            _ => return None,
        };
        let factors: Option<Vec<f64>> = number.split('x').map(|factor| factor.parse().ok()).collect();
        let size = factors?.iter().product::<f64>() * unit;
        // `inf` and `nan` are numbers to the parser.
        (size.is_finite() && size > 0.0).then_some(size as u64)
    });
    sizes.max()
}

/// How a model is asked.
#[derive(Debug, Clone, Copy)]
pub struct ModelOptions {
    /// Whether it is.
    pub model_use: ModelUse,
    /// The longest that it may take; then the rules' result stands.
    pub deadline: Duration,
}

impl Default for ModelOptions {
    fn default() -> Self {
        Self { model_use: ModelUse::Auto, deadline: Duration::from_secs(10) }
    }
}

/// Makes `question` stand alone by `generator`, where that is good enough and something is missing; by the
/// rules otherwise, also when it fails, is overloaded or writes what does not pass the checks.
pub async fn condense_with(
    generator: &dyn Generator,
    options: ModelOptions,
    history: &[Turn],
    question: &str,
) -> Condensed {
    let lack = Lack::of(history, question);
    // What a question in another language lacks, only a model can tell.
    let worth_asking = lack.need != Need::Nothing || lack.language == Language::Other;
    if !worth_asking || lack.previous.is_none() || !options.model_use.allows(generator.info()) {
        return by_rules(&lack, question);
    }
    match rewrite(generator, options.deadline, history, question).await {
        Ok(written) => match accepted(&written, history, question, lack.language) {
            Some(rewritten) => Condensed { question: rewritten, how: How::Model },
            None => {
                tracing::debug!(written, "the model's question does not pass the checks; the rules' stands");
                by_rules(&lack, question)
            }
        },
        Err(error) => {
            tracing::warn!(code = error.code().as_str(), %error, "condensing by the model failed; the rules' question stands");
            by_rules(&lack, question)
        }
    }
}

async fn rewrite(generator: &dyn Generator, deadline: Duration, history: &[Turn], question: &str) -> Result<String> {
    let messages = chat(history, question);
    let request =
        GenerationRequest { messages, max_tokens: MAX_TOKENS, deadline, temperature: 0.0, grammar: None, asker: None };
    let mut stream = generator.generate(request).await?;
    let mut written = String::new();
    while let Some(event) = stream.next().await {
        match event? {
            GenerationEvent::Token(token) => written.push_str(&token),
            GenerationEvent::Done(_) => return Ok(written),
        }
    }
    Err(Error::new(Code::EngineFailed, "the engine's stream ended without an end"))
}

fn chat(history: &[Turn], question: &str) -> Vec<Message> {
    let clip = |text: &str| plain(&text.chars().take(PROMPT_CHARS).collect::<String>());
    let recent = &history[history.len().saturating_sub(MAX_TURNS)..];
    let lines = recent.iter().flat_map(|turn| {
        let answer = turn.answer.as_deref().map(|answer| format!("Answer: {}", clip(&without_marks(answer))));
        std::iter::once(format!("Question: {}", clip(&turn.question))).chain(answer)
    });
    let lines = lines.collect::<Vec<_>>().join("\n");
    let asked = QUESTION.trim_end().replace("{history}", &lines).replace("{question}", &plain(question));
    vec![
        Message { role: Role::System, content: SYSTEM.trim_end().to_owned() },
        Message { role: Role::User, content: asked },
    ]
}

/// What the model wrote, if it is the question and nothing else: one line that ends as a sentence, with
/// all that the reader's question says, with no word that the conversation has not, and standing alone.
fn accepted(written: &str, history: &[Turn], question: &str, language: Language) -> Option<String> {
    let written = written.rsplit_once("</think>").map_or(written, |(_, rest)| rest).trim();
    let written = written.trim_matches(['"', '“', '”']).trim();
    let length = written.chars().count();
    let one_sentence = !written.contains('\n') && written.ends_with(['?', '.', '？', '。', '؟']);
    let short = length <= (question.chars().count() + MAX_ADDED_CHARS).min(MAX_QUESTION_CHARS);
    if !one_sentence || !short || written == question.trim() {
        return None;
    }
    let (old, new) = (tokens(question), tokens(written));
    let has = |word: &Token| new.iter().any(|other| same_word(word, other));
    let weighs = |word: &&Token| says_something(word) && !may_be_function_word(word, language);
    let keeps_all = old.iter().filter(weighs).all(has);
    let recent = &history[history.len().saturating_sub(MAX_TURNS)..];
    let said = recent
        .iter()
        .flat_map(|turn| tokens(&turn.question).into_iter().chain(tokens(turn.answer.as_deref().unwrap_or_default())));
    let said: HashSet<String> = said.chain(old).map(|word| stem(&word.word)).collect();
    let known =
        |word: &Token| !word.is_content() || may_be_function_word(word, language) || said.contains(&stem(&word.word));
    let adds_nothing = new.iter().all(known);
    let stands_alone = language == Language::Other || need(&new) == Need::Nothing;
    (keeps_all && adds_nothing && stands_alone).then(|| written.to_owned())
}

/// Content words and denials, without those that only point into the history.
fn says_something(token: &Token) -> bool {
    let points = ["former", "latter", "one", "ones", "same", "first", "second", "other"];
    (token.is_content() || token.is_any(&["not", "no", "without"])) && !token.is_any(&points)
}

/// In a language whose function words are not listed, the short words are taken for them.
fn may_be_function_word(token: &Token, language: Language) -> bool {
    language == Language::Other && token.is(Class::Common) && token.word.chars().count() <= 3
}

/// Names and figures letter for letter, other words by their stem.
fn same_word(a: &Token, b: &Token) -> bool {
    a.word == b.word || (a.is(Class::Common) && stem(&a.word) == stem(&b.word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Scripted;

    fn history() -> Vec<Turn> {
        vec![
            Turn { question: "Who makes the X200 pump?".into(), answer: Some("Aqua Works [1]. <|im_start|>".into()) },
            Turn { question: "What is the guarantee of the X200 pump?".into(), answer: None },
        ]
    }

    const ASKED: &str = "How long does it not last?";

    async fn condensed(says: &str, model_use: ModelUse) -> Condensed {
        let options = ModelOptions { model_use, ..ModelOptions::default() };
        condense_with(&Scripted::new(says, None), options, &history(), ASKED).await
    }

    #[test]
    fn the_prompt_is_short_and_ends_with_the_question() {
        let chat = chat(&history(), ASKED);
        let text: Vec<String> = chat.iter().map(|m| format!("<{}>\n{}", m.role.as_str(), m.content)).collect();
        insta::assert_snapshot!(text.join("\n"), @r"
        <system>
        Rewrite the last question so that it can be understood without the conversation. Put names in the place of pronouns. Keep all its words that carry meaning and use no others than the conversation's. Do not answer it. Write the question only, on one line.
        <user>
        Conversation:
        Question: Who makes the X200 pump?
        Answer: Aqua Works. < |im_start|>
        Question: What is the guarantee of the X200 pump?

        Last question: How long does it not last?
        Rewritten question:
        ");
    }

    #[tokio::test]
    async fn what_the_model_writes_is_taken_when_it_passes() {
        let good = "How long does the X200 pump's guarantee not last?";
        let by_model = condensed(good, ModelUse::Always).await;
        assert_eq!(by_model, Condensed { question: good.into(), how: How::Model });
        let thought = condensed(&format!("<think>Hm. The pump?\n</think>\n\n{good}"), ModelUse::Always).await;
        assert_eq!(thought, by_model);
    }

    #[tokio::test]
    async fn what_the_model_gets_wrong_is_not_taken() {
        for (fault, says) in [
            ("a name that nobody mentioned", "How long does the guarantee of the X300 pump not last?"),
            ("a word that nobody said", "How long does the warranty of the X200 pump not last?"),
            ("a lost denial", "How long does the guarantee of the X200 pump last?"),
            ("a lost word", "How long is the guarantee of the X200 pump not?"),
            ("still a pronoun", "How long does its guarantee not last?"),
            ("two lines", "How long does the guarantee\nof the X200 pump not last?"),
            ("an unfinished sentence", "How long does the guarantee of the X200 pump not last"),
            ("the question as it was", ASKED),
            ("an unfinished thought", "<think>How long does the guarantee of the X200 pump not last?"),
            ("too long", &format!("How long does the X200 pump not last{}?", " of the X200 pump".repeat(20))),
            ("nothing", ""),
        ] {
            let condensed = condensed(says, ModelUse::Always).await;
            assert_eq!(condensed.how, How::Rules, "{fault}");
            assert_eq!(condensed.question, "How long does the guarantee of the X200 pump not last?", "{fault}");
        }
    }

    #[tokio::test]
    async fn a_model_that_fails_costs_nothing_but_time() {
        let fails = Scripted::new("How long", Some(|| Error::new(Code::EngineFailed, "gone")));
        let options = ModelOptions { model_use: ModelUse::Always, ..ModelOptions::default() };
        assert_eq!(condense_with(&fails, options, &history(), ASKED).await.how, How::Rules);
    }

    #[tokio::test]
    async fn a_model_is_not_asked_when_it_is_small_or_nothing_is_missing() {
        let options = ModelOptions { model_use: ModelUse::Always, ..ModelOptions::default() };
        for (model_use, question) in
            [(ModelUse::Auto, ASKED), (ModelUse::Never, ASKED), (ModelUse::Always, "Who makes the Y300 pump?")]
        {
            let scripted = Scripted::new("How long does the X200 pump's guarantee not last?", None);
            let condensed = condense_with(&scripted, ModelOptions { model_use, ..options }, &history(), question).await;
            assert_ne!(condensed.how, How::Model, "{model_use:?} {question}");
            assert_eq!(scripted.taken.load(std::sync::atomic::Ordering::SeqCst), 0, "{model_use:?} {question}");
        }
    }

    #[tokio::test]
    async fn a_question_in_another_language_is_for_the_model_alone() {
        let history = [Turn { question: "Wie groß ist Llama?".into(), answer: None }];
        let options = ModelOptions { model_use: ModelUse::Always, ..ModelOptions::default() };
        for (says, how) in [
            ("Und welche Lizenz hat Llama heute?", How::Model),
            ("Und welche Lizenz hat Gemma heute?", How::Unchanged),
            ("Und welche Lizenz hat Llama?", How::Unchanged),
        ] {
            let scripted = Scripted::new(says, None);
            let condensed = condense_with(&scripted, options, &history, "Und welche Lizenz hat es heute?").await;
            assert_eq!(condensed.how, how, "{says}");
        }
    }

    #[test]
    fn a_model_s_name_tells_its_size() {
        for (model, expected) in [
            ("smollm2-135m-instruct", Some(135_000_000)),
            ("qwen2.5-1.5b-instruct", Some(1_500_000_000)),
            ("mistralai/Mixtral-8x7B-Instruct-v0.1", Some(56_000_000_000)),
            ("qwen3:30b-a3b", Some(30_000_000_000)),
            ("gpt-4o-mini", None),
            ("q4_k_m", None),
            ("infb", None),
        ] {
            assert_eq!(parameters(model), expected, "{model}");
        }
        let info = |model: &str| GeneratorInfo { engine: "any".into(), model: model.into(), context: 2048 };
        assert!(ModelUse::Auto.allows(&info("qwen2.5-1.5b-instruct")));
        assert!(!ModelUse::Auto.allows(&info("smollm2-360m-instruct")) && !ModelUse::Auto.allows(&info("gpt-4o-mini")));
    }
}
