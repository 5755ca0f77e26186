//! Why there is no answer, in a sentence that tells the reader what was missing.

use footnote_core::answer::{AbstainCode, AbstainReason};

use crate::confidence::Signs;

/// Where there is no evidence at all.
pub(crate) fn nothing(code: AbstainCode) -> AbstainReason {
    let message = match code {
        AbstainCode::NothingIngested => "No documents have been ingested yet.",
        AbstainCode::NothingFound => "Nothing in these documents matches the question.",
        AbstainCode::WeakEvidence | AbstainCode::OtherwiseStated => {
            "These documents do not seem to answer the question."
        }
        AbstainCode::Declined => "The model read the nearest passages and found no answer in them.",
    };
    AbstainReason { code, message: message.into(), missing: Vec::new() }
}

/// Where the best evidence does not answer.
pub(crate) fn weak(question: &str, signs: &Signs) -> AbstainReason {
    let missing = signs.missing(question);
    if !missing.is_empty() {
        let said = format!(
            "These documents do not seem to answer the question: the nearest passage does not say anything of {}.",
            listed(&missing)
        );
        return AbstainReason { code: AbstainCode::WeakEvidence, message: said, missing };
    }
    let otherwise = |said: String| AbstainReason { code: AbstainCode::OtherwiseStated, message: said, missing: vec![] };
    if signs.denial_missing {
        return otherwise("The question denies something that the nearest passage does not deny.".into());
    }
    if signs.opposite.is_some() || signs.prefixed.is_some() {
        return otherwise("The nearest passage seems to say the opposite of what the question supposes.".into());
    }
    if let Some((word, other)) = &signs.of_its_kind {
        return otherwise(format!("The nearest passage speaks of “{other}”, where the question says “{word}”."));
    }
    let code = AbstainCode::WeakEvidence;
    if signs.kind_missing {
        let said = "The nearest passage holds no figure or name that the question could be after.";
        return AbstainReason { code, message: said.into(), missing };
    }
    nothing(code)
}

/// `“a”, “b” and “c”`.
fn listed(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("“{word}”")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signs() -> Signs {
        Signs {
            cosine: 0.5,
            missing_share: 0.2,
            figures: vec![],
            numbering: vec![],
            names: vec![],
            compounds: vec![],
            denies: false,
            denial_missing: false,
            opposite: None,
            opposite_nearby: false,
            prefixed: None,
            of_its_kind: None,
            kind_missing: false,
            read: None,
        }
    }

    #[test]
    fn the_reason_names_what_the_nearest_passage_lacks() {
        let lacking = Signs { names: vec!["falcon".into()], figures: vec!["180".into()], ..signs() };
        let reason = weak("How long is the context of Falcon 180?", &lacking);
        assert_eq!(reason.missing, ["Falcon", "180"]);
        assert!(reason.message.ends_with("does not say anything of “Falcon” or “180”."), "{}", reason.message);
    }

    #[test]
    fn what_is_turned_round_is_told_apart_from_what_is_far() {
        let turned = Signs { opposite: Some(("least".into(), "most".into())), ..signs() };
        assert_eq!(weak("?", &turned).code, AbstainCode::OtherwiseStated);
        let denied = Signs { denial_missing: true, ..signs() };
        assert_eq!(weak("?", &denied).code, AbstainCode::OtherwiseStated);
        let another = weak("?", &Signs { of_its_kind: Some(("weeks".into(), "days".into())), ..signs() });
        assert_eq!(another.code, AbstainCode::OtherwiseStated);
        assert!(another.message.contains("“days”") && another.message.contains("“weeks”"), "{}", another.message);
        assert_eq!(weak("?", &signs()), nothing(AbstainCode::WeakEvidence));
    }
}
