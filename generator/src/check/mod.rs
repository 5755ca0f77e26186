//! What of a text can be held against another: figures with units, dates, names, what is denied.
//!
//! * [`dates`], [`units`]: the same value, however it is written.
//! * [`denial`]: who denies what, clause by clause. [`opposites`]: more for less, before for after.

mod dates;
mod denial;
mod measures;
mod opposites;
#[cfg(test)]
mod spoiled;
mod units;

use std::collections::HashSet;

use footnote_core::answer::ReasonCode;
use footnote_core::text::{is_stop_word, word_spans};

use self::dates::Date;
use self::denial::Clause;
use self::units::{Borne, Quantity};
use crate::lexical::{stem, terms, without_possessive};
use crate::support::Grounds;

/// The checkable facts of a text.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    quantities: Vec<Quantity>,
    dates: Vec<Date>,
    /// Capitalised words that don't begin a sentence, and identifiers such as `Q4_K_M`; dates and units aside. In
    /// lower case.
    names: Vec<String>,
    /// The capitalised word that begins it: a name, or any other word.
    first: Option<String>,
    clauses: Vec<Clause>,
    words: HashSet<String>,
    /// The words in order, in lower case.
    order: Vec<String>,
    /// Names with the figure that stands behind them: `Llama 3`.
    numbered: Vec<(String, String)>,
    /// Content words, stemmed.
    terms: HashSet<String>,
    /// Content words in the order in which they stand, with repeats; dates and figures in a form of their own, the
    /// same for each way to write them.
    sequence: Vec<String>,
}

/// What a sentence says that its quotes do not.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lacking {
    pub(crate) code: ReasonCode,
    pub(crate) message: String,
}

impl Facts {
    pub(crate) fn of(text: &str) -> Self {
        let dates = dates::dates(text);
        let taken: Vec<_> = dates.iter().map(|date| date.place.clone()).collect();
        let quantities = units::quantities(text, &taken);
        let mut facts =
            Self { clauses: denial::clauses(text), terms: terms(text).into_iter().collect(), ..Self::default() };
        let (mut begins, mut end, mut done) = (true, 0, 0);
        let mut last: Option<&str> = None;
        for (start, word_end) in word_spans(text) {
            begins |= text[end..start].contains(['.', '!', '?']);
            end = word_end;
            let word = &text[start..word_end];
            facts.add_word(word);
            let name = last.take().filter(|_| text[..start].ends_with([' ', '-']));
            // A date or a figure with its unit counts as a whole, at its first word.
            if let Some(date) = dates.iter().find(|date| date.place.contains(&start)) {
                if done <= start {
                    facts.sequence.extend(date.words());
                    done = date.place.end;
                }
            } else if let Some(quantity) = quantities.iter().find(|quantity| quantity.place.contains(&start)) {
                if done <= start {
                    facts.sequence.push(quantity.word());
                    facts.numbered.extend(name.map(|name: &str| (name.to_lowercase(), quantity.word())));
                    done = quantity.place.end;
                }
            } else {
                facts.add_name(word, begins);
                last = (word.starts_with(char::is_uppercase) && !is_stop_word(&word.to_lowercase())).then_some(word);
            }
            begins = false;
        }
        Self { quantities, dates, ..facts }
    }

    fn add_word(&mut self, word: &str) {
        let lower = without_possessive(word).to_lowercase();
        self.words.extend(lower.split('-').map(str::to_owned));
        self.order.push(lower.clone());
        self.words.insert(lower);
    }

    fn add_name(&mut self, word: &str, begins: bool) {
        let plain = without_possessive(word);
        let lower = plain.to_lowercase();
        if is_stop_word(&lower) {
            return;
        }
        let is_identifier = plain.contains('_') || plain.contains(|c: char| c.is_ascii_digit());
        let is_capitalised = plain.starts_with(char::is_uppercase);
        if is_identifier || (is_capitalised && !begins) {
            self.names.push(lower.clone());
        } else if is_capitalised && self.sequence.is_empty() {
            self.first = Some(lower.clone());
        }
        self.sequence.push(stem(&lower));
    }

    /// The content words in order, dates and figures in one form.
    pub(crate) fn sequence(&self) -> &[String] {
        &self.sequence
    }

    /// Whether a word of [`Self::sequence`], or each part of a compound, stands in the text.
    pub(crate) fn has_term(&self, term: &str) -> bool {
        let has = |term: &str| self.terms.contains(term) || self.sequence.iter().any(|known| known == term);
        has(term) || (term.contains('-') && term.split('-').all(|part| has(&stem(part))))
    }

    /// Whether it tells a date that `other` does not.
    pub(crate) fn brings_date(&self, other: &Self) -> bool {
        self.dates.iter().any(|date| !other.dates.iter().any(|known| date.is_told_by(known)))
    }

    fn has_word(&self, word: &str) -> bool {
        self.words.contains(word) || (word.contains('-') && word.split('-').all(|part| self.words.contains(part)))
    }

    /// The first thing that it says and the quotes do not. Names may come from around them, a unit from the question.
    pub(crate) fn lacking_in(&self, Grounds { quoted, label, around, question }: Grounds<'_>) -> Option<Lacking> {
        self.lacking_date(quoted)
            .or_else(|| self.lacking_figure(quoted, question))
            .or_else(|| self.lacking_name(quoted, &[label, around]))
            .or_else(|| {
                let agree = denial::agree(&self.clauses, &quoted.clauses);
                (!agree).then(|| lacking(ReasonCode::Negation, "one denies what the other affirms"))
            })
            .or_else(|| {
                let word = opposites::turned_round(&self.order, &quoted.order)?;
                Some(lacking(ReasonCode::Opposite, &format!("the quote says the opposite of “{word}”")))
            })
            .or_else(|| {
                let word = opposites::singled_out(&self.order, &quoted.order)?;
                Some(lacking(ReasonCode::Opposite, &format!("“{word}” is not in the quote")))
            })
    }

    fn lacking_date(&self, quoted: &Self) -> Option<Lacking> {
        let wrong = |date: &&Date| !date.exists() || !quoted.tells(date);
        let date = self.dates.iter().find(wrong)?;
        let said: Vec<String> = date.words().collect();
        let said = said.join(" ");
        Some(match date.exists() {
            true => lacking(ReasonCode::Date, &format!("{said} is not in the quote")),
            false => lacking(ReasonCode::Date, &format!("there is no such day as {said}")),
        })
    }

    fn tells(&self, date: &Date) -> bool {
        let has_number = |number: u32| self.bare_numbers().any(|known| known == number.to_string());
        let same_month: Vec<&Date> = self.dates.iter().filter(|known| known.month == date.month).collect();
        // Where the quote gives only parts of a date, the others may stand apart from it: "On 31 March of that
        // year, 1889, …".
        let told_apart = |known: &&Date| {
            let part = |mine: Option<u32>, theirs: Option<u32>| match (mine, theirs) {
                (Some(mine), Some(theirs)) => mine == theirs,
                (Some(mine), None) => has_number(mine),
                (None, _) => true,
            };
            part(date.year, known.year) && part(date.day, known.day)
        };
        match same_month.is_empty() {
            false => same_month.iter().any(told_apart),
            true => {
                date.month_is_among(|name| self.words.contains(name))
                    && date.year.is_none_or(has_number)
                    && date.day.is_none_or(has_number)
            }
        }
    }

    /// Figures without a unit, and the days and years of dates.
    fn bare_numbers(&self) -> impl Iterator<Item = String> + '_ {
        let figures = self.quantities.iter().filter(|quantity| quantity.unit.is_none()).map(Quantity::word);
        let parts = self.dates.iter().flat_map(|date| [date.year, date.day]).flatten().map(|part| part.to_string());
        figures.chain(parts)
    }

    fn lacking_figure(&self, quoted: &Self, question: &Self) -> Option<Lacking> {
        let named = |facts: &Self, dimension: &str| {
            facts.words.iter().any(|word| units::dimension(word).as_deref() == Some(dimension))
        };
        let known = |dimension: &str| named(question, dimension) || quoted.has_loose_unit(dimension);
        self.misnumbered(quoted).or_else(|| {
            self.quantities.iter().find_map(|quantity| {
                let is_part_of_date =
                    quantity.unit.is_none() && quoted.bare_numbers().any(|known| known == quantity.word());
                match quantity.is_borne_out(&quoted.quantities, known) {
                    Borne::Out => None,
                    _ if is_part_of_date => None,
                    Borne::ButUnit => {
                        let message = format!("{} has another unit in the quote, or none", quantity.written);
                        Some(lacking(ReasonCode::Unit, &message))
                    }
                    Borne::Not => {
                        Some(lacking(ReasonCode::Number, &format!("{} is not in the quote", quantity.written)))
                    }
                }
            })
        })
    }

    /// A name with another figure behind it than the quote has: `Llama 4` for `Llama 3`.
    fn misnumbered(&self, quoted: &Self) -> Option<Lacking> {
        let differs = |(name, figure): &&(String, String)| {
            let mut known = quoted.numbered.iter().filter(|(known, _)| known == name).peekable();
            known.peek().is_some() && !known.any(|(_, known)| known == figure)
        };
        let (name, figure) = self.numbered.iter().find(differs)?;
        Some(lacking(ReasonCode::Number, &format!("“{name} {figure}” is not in the quote")))
    }

    /// Whether a unit of this dimension stands in the text apart from its figures: in a table's head, say.
    fn has_loose_unit(&self, dimension: &str) -> bool {
        let is_bound =
            self.quantities.iter().any(|quantity| quantity.unit.as_ref().is_some_and(|u| u.dimension == dimension));
        !is_bound && self.words.iter().any(|word| units::dimension(word).as_deref() == Some(dimension))
    }

    fn lacking_name(&self, quoted: &Self, beside: &[&Self]) -> Option<Lacking> {
        let stands = |name: &String| quoted.has_word(name) || beside.iter().any(|facts| facts.has_word(name));
        let has_form = |stem: &str| quoted.has_term(stem) || beside.iter().any(|facts| facts.has_term(stem));
        // The first word has a capital in any case: some form of it will do.
        let first = self.first.iter().filter(|word| !stands(word) && !has_form(&stem(word)));
        let name = self.names.iter().find(|name| !stands(name)).or_else(|| first.into_iter().next())?;
        Some(lacking(ReasonCode::Entity, &format!("“{name}” is not in the quote")))
    }
}

fn lacking(code: ReasonCode, message: &str) -> Lacking {
    Lacking { code, message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lacks(said: &str, quoted: &str) -> Option<ReasonCode> {
        let [quoted, label, around, question] = [quoted, "The Eiffel Tower", "", "How high is it?"].map(Facts::of);
        let grounds = Grounds { quoted: &quoted, label: &label, around: &around, question: &question };
        Facts::of(said).lacking_in(grounds).map(|lacking| lacking.code)
    }

    const QUOTE: &str =
        "The tower was completed on 31 March 1889 at 330 m, by Gustave Eiffel, and weighs 7,300 tonnes.";

    #[test]
    fn each_kind_of_wrong_detail_is_named() {
        for (said, code) in [
            ("The tower was completed on 1889-03-31.", None),
            ("The tower was completed in March 1889.", None),
            ("The tower was completed in 1889.", None),
            ("The Eiffel Tower is 330 metres high.", None),
            ("The tower is 0.33 km high.", None),
            ("The tower was completed on March 31, 1890.", Some(ReasonCode::Date)),
            ("The tower was completed in May 1889.", Some(ReasonCode::Date)),
            ("The tower was completed on 31 April 1889.", Some(ReasonCode::Date)),
            ("The tower was completed in 1890.", Some(ReasonCode::Number)),
            ("The tower has three floors.", Some(ReasonCode::Number)),
            ("The tower is 330 feet high.", Some(ReasonCode::Unit)),
            ("The tower weighs 7,300 %.", Some(ReasonCode::Unit)),
            ("The tower was completed by Alexandre Dumas.", Some(ReasonCode::Entity)),
            ("Dumas completed the tower in 1889.", Some(ReasonCode::Entity)),
            ("The tower was not completed in 1889.", Some(ReasonCode::Negation)),
        ] {
            assert_eq!(lacks(said, QUOTE), code, "{said}");
        }
    }

    #[test]
    fn parts_of_a_date_may_stand_apart_but_must_not_be_mixed_up() {
        let quote = "In 1889, on 31 March, it opened; on 6 May the fair did.";
        assert_eq!(lacks("It opened on 31 March 1889.", quote), None);
        assert_eq!(lacks("It opened on 6 March 1889.", quote), Some(ReasonCode::Date));
        assert_eq!(lacks("It opened in March 1889.", "March: it opened (1889)."), None);
    }

    #[test]
    fn words_are_compared_in_one_form() {
        let (a, b) = (Facts::of("On March 31, 1889, 98MB."), Facts::of("31 March 1889: 98 MB"));
        assert_eq!(a.sequence(), b.sequence());
    }
}
