use std::collections::HashSet;

use proptest::prelude::*;
use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, DisjunctionMaxQuery, Occur, Query, TermQuery};
use tantivy::schema::{IndexRecordOption, STORED, Schema, TextFieldIndexing, TextOptions, Value as _};
use tantivy::tokenizer::TextAnalyzer;
use tantivy::{Index, TantivyDocument, Term};

use super::*;

/// A language, a sentence, and words that find it in other forms.
const MEETINGS: &[(&str, &str, &str)] = &[
    ("ar", "يقرأ الطلاب الكُتُب في المكتبة الكبيرة سنة ٢٠٢٤", "كتب 2024"),
    ("bg", "Столицата на България е София", "СОФИЯ българия"),
    ("ca", "L'aigua dels rius és freda", "aigua d'aigua riús"),
    ("cs", "Řeka Vltava protéká Prahou", "reka vltava PRAHOU"),
    ("da", "Husene i den gamle by ligger ved åen", "huset åen"),
    ("de", "Die Häuser der Städte wurden später verkauft", "Haus Stadt verkaufte"),
    ("el", "Οι δρόμοι της πόλης είναι στενοί", "δρόμος ΔΡΟΜΟΣ πόλη"),
    ("en", "The licences allow commercial use of cafés", "licence commercially USES cafe"),
    ("es", "Las canciones del año son antiguas", "canción antigua"),
    ("et", "Eesti pealinn on Tallinn", "tallinn EESTI"),
    ("fa", "تهران پایتخت ایران است و می‌خواهم آن را ببینم", "پايتخت میخواهم تهران"),
    ("fi", "Talot ovat vanhoja ja järvi on syvä", "talossa järvessä"),
    ("fr", "L'eau des rivières est froide, et l’été arrive", "eau d'eau rivière froids ÉTÉ"),
    ("he", "יְרוּשָׁלַיִם היא עיר הבירה", "ירושלים"),
    ("hi", "हिन्दी भाषा में लिखी किताब २०२४", "हिन्दी किताब 2024"),
    ("hu", "A házak a városban vannak", "ház várost"),
    ("id", "Jakarta adalah kota besar", "JAKARTA kota"),
    ("it", "Le case della città sono antiche, e dell'acqua", "casa antica l'acqua citta"),
    ("ja", "東京の人口は約一千四百万人です。コンピュータを使う", "東京 人口 ｺﾝﾋﾟｭｰﾀ"),
    ("km", "ភ្នំពេញជារាជធានីនៃប្រទេសកម្ពុជា", "រាជធានី កម្ពុជា"),
    ("ko", "서울의 인구는 약 천만 명이다", "인구가 서울은"),
    ("lo", "ວຽງຈັນເປັນນະຄອນຫຼວງຂອງລາວ", "ນະຄອນຫຼວງ"),
    ("my", "နေပြည်တော်သည် မြန်မာနိုင်ငံ၏ မြို့တော်ဖြစ်သည်", "မြန်မာ မြို့တော်"),
    ("nb", "Bøkene i den nye skolen er gode", "SKOLEN bøkene"),
    ("nl", "De katten slapen op de stoelen", "kat stoel"),
    ("pl", "Łódź i Gdańsk to polskie miasta", "lodz GDANSK miasta"),
    ("pt", "As informações foram publicadas em Lisboa", "informação publicado LISBOA"),
    ("ro", "Casele din orașe sunt vechi", "case orașul"),
    ("ru", "Книги лежат на столах, а ещё ёлка", "книга стол ЕЛКА"),
    ("sv", "Husen i staden är gamla och åarna djupa", "huset gamla djupa"),
    ("ta", "புத்தகங்கள் மேசையில் உள்ளன", "புத்தகம்"),
    ("th", "กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย", "เมืองหลวง ไทย"),
    ("tr", "Kitaplar İstanbul'da basıldı, ışık söndü", "kitap İSTANBUL istanbulda IŞIK"),
    ("uk", "Київ — столиця України, м’яка зима", "КИЇВ столиця м'яка"),
    ("vi", "Hà Nội là thủ đô của Việt Nam", "HÀ nội thủ"),
    ("zh", "北京的人口超过两千万，使用ＧＰＵ", "人口 北京市 gpu"),
];

fn english(text: &str) -> Vec<String> {
    terms(text, Some("en"))
}

/// Whether a question's word is met by any of its groups.
fn meets(word: &str, languages: &[&str], found: &[String]) -> bool {
    query_terms(word, languages).iter().any(|group| group.iter().any(|term| found.contains(term)))
}

#[test]
fn words_meet_across_case_accents_and_endings() {
    assert_eq!(english("Les modèles' CAFÉ, quantizing"), english("les Modeles cafe quantized"));
}

#[test]
fn a_compound_word_is_found_whole_and_in_parts() {
    assert_eq!(english("Q4_K_M open-source"), ["q4_k_m", "q4", "k", "m", "open-sourc", "open", "sourc"]);
    assert_eq!(english("v0.3.1"), ["v0.3.1", "v0", "3", "1"]);
}

#[test]
fn figures_stay_whole() {
    assert_eq!(english("3.5 and 1,024"), ["3.5", "and", "1024"]);
}

#[test]
fn the_genitive_is_the_word() {
    assert_eq!(english("llama's llama’s"), ["llama", "llama"]);
    assert_eq!(english("don't"), ["dont"]);
}

#[test]
fn hollow_words_are_asked_for_only_when_there_are_no_others() {
    let asked = |question: &str| query_terms(question, &["en"]).concat();
    assert_eq!(asked("What does the licence say, and say again?"), ["licenc", "say", "again"]);
    assert_eq!(asked("to be or not to be"), ["to", "be", "or", "not"]);
    assert!(asked("?! 🦙 \u{0} «»").is_empty());
}

#[test]
fn an_inflected_word_finds_its_sentence_in_every_language() {
    let all: Vec<&str> = MEETINGS.iter().map(|(language, ..)| *language).collect();
    let mut missed = Vec::new();
    for (language, sentence, question) in MEETINGS {
        let found = terms(sentence, Some(language));
        for word in question.split_whitespace() {
            for languages in [&[*language][..], &all] {
                if !meets(word, languages, &found) {
                    missed.push((*language, word, query_terms(word, &[language]), found.clone()));
                }
            }
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn letters_that_tell_words_apart_stay_apart() {
    for (language, word, other) in [
        ("sv", "får", "far"),
        ("es", "año", "ano"),
        ("tr", "kız", "kiz"),
        ("vi", "mạ", "ma"),
        ("da", "bøde", "bode"),
        ("uk", "їх", "іх"),
    ] {
        assert_ne!(terms(word, Some(language)), terms(other, Some(language)), "{language}");
    }
}

#[test]
fn a_question_asks_in_every_language_of_the_collection() {
    assert_eq!(query_terms("Häuser", &["de", "en"]), [["haus", "hauser"]]);
    assert_eq!(query_terms("GPU", &["de", "en", "fr", UNTOLD]), [["gpu"]]);
    assert_eq!(query_terms("licences", &[]), [["licenc"]]);
    let (german, english) = (terms("Zwei Häuser", Some("de")), terms("two licences", None));
    assert!(meets("Haus", &["en", "de"], &german) && meets("licence", &["de", UNTOLD], &english));
}

#[test]
fn stop_words_are_those_of_the_question() {
    let asked = |question: &str, languages: &[&str]| -> Vec<String> {
        query_terms(question, languages).into_iter().filter_map(|group| group.into_iter().next()).collect()
    };
    let mixed = ["en", "de", "fr"];
    assert_eq!(asked("Wer ist der Bürgermeister?", &["de", "en"]), ["burgermeist"]);
    assert_eq!(asked("What is quantization?", &mixed), ["quantiz"]);
    assert_eq!(asked("Qu'est-ce que l'énergie solaire ?", &["fr", "en"]), ["energ", "solair"]);
    assert_eq!(asked("Welche Versicherung brauche ich in Spanien?", &["de", "en"]), ["versicher", "brauch", "spani"]);
    assert_eq!(asked("北京有多少人口", &["zh", "en"]), ["北京", "京有", "少人", "人口"]);
    // A stop word in one of them, a word in another.
    assert_eq!(asked("die casting", &mixed), ["die", "cast"]);
    assert_eq!(asked("Was war der?", &["de", "en"]), ["was", "war", "der"]);
    // English alone stays as it was, whatever the question.
    assert_eq!(asked("die der das", &["en", "und"]), ["die", "der", "das"]);
}

#[test]
fn emoji_and_control_characters_are_no_terms() {
    for text in ["", "🦙👩‍👩‍👧‍👦 ❤️ ?!", "\u{0}\u{1b}\u{7}\u{200b}\u{feff}", "— … «»", "。、！？"]
    {
        for (language, ..) in MEETINGS {
            assert_eq!(terms(text, Some(language)), [""; 0], "{text:?}");
            assert!(query_terms(text, &[language]).is_empty());
        }
    }
}

#[test]
fn long_words_are_left_out() {
    for (length, kept) in [(127, 1), (128, 0), (100_000, 0)] {
        assert_eq!(english(&"x".repeat(length)).len(), kept, "{length}");
    }
    assert_eq!(terms(&"水".repeat(100_000), None).len(), 99_999);
    assert_eq!(terms(&format!("e{}", "\u{301}".repeat(500)), Some("zh")), [""; 0]);
}

#[test]
fn an_index_filled_with_terms_is_found_by_questions() {
    let indexing = TextFieldIndexing::default().set_tokenizer("given").set_index_option(IndexRecordOption::WithFreqs);
    let mut schema = Schema::builder();
    let body = schema.add_text_field("body", TextOptions::default().set_indexing_options(indexing));
    let tag = schema.add_text_field("tag", STORED);
    let index = Index::create_in_ram(schema.build());
    index.tokenizers().register("given", TextAnalyzer::from(GivenTerms));
    let mut writer = index.writer_with_num_threads(1, 15_000_000).unwrap();
    for (language, sentence, _) in MEETINGS {
        let mut document = TantivyDocument::new();
        document.add_text(body, joined(&terms(sentence, Some(language))));
        document.add_text(tag, language);
        writer.add_document(document).unwrap();
    }
    writer.commit().unwrap();
    let searcher = index.reader().unwrap().searcher();
    let all: Vec<&str> = MEETINGS.iter().map(|(language, ..)| *language).collect();
    for (language, _, question) in MEETINGS {
        let groups = query_terms(question, &all).into_iter().map(|group| -> (Occur, Box<dyn Query>) {
            let term = |text: String| Term::from_field_text(body, &text);
            let terms = group
                .into_iter()
                .map(|text| -> Box<dyn Query> { Box::new(TermQuery::new(term(text), IndexRecordOption::WithFreqs)) });
            (Occur::Should, Box::new(DisjunctionMaxQuery::new(terms.collect())))
        });
        let query = BooleanQuery::new(groups.collect());
        let found = searcher.search(&query, &TopDocs::with_limit(1).order_by_score()).unwrap();
        let best: TantivyDocument = searcher.doc(found[0].1).unwrap();
        assert_eq!(best.get_first(tag).and_then(|value| value.as_str()), Some(*language), "{question}");
    }
}

/// Any text, and words in the letters that stemmers know.
fn any_text() -> impl Strategy<Value = String> {
    let letters = "[a-zçğıöşüñßàéâœåäæøőűșțα-ωάέήίόύώςа-яёا-يءأإآةىஃ-்क-ह़ािी्'’ʼ.,_ \u{200c}-]{0,40}";
    prop_oneof!["\\PC{0,60}", any::<String>(), letters, "[\u{e00}-\u{eff}\u{1000}-\u{109f}一-龥ぁ-ヿ가-힣 ]{0,40}"]
}

fn any_language() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(MEETINGS.iter().map(|(language, ..)| *language).chain([UNTOLD, "xx"]).collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_text_gives_an_empty_term(text in any_text(), language in any_language()) {
        let found = terms(&text, Some(language));
        prop_assert!(found.iter().all(|term| !term.is_empty() && !term.contains(char::is_control)), "{found:?}");
        prop_assert!(found.iter().all(|term| !term.contains(char::is_whitespace)), "{found:?}");
    }

    #[test]
    fn every_word_of_a_text_finds_it(text in any_text(), a in any_language(), b in any_language()) {
        let found: HashSet<String> = terms(&text, Some(a)).into_iter().collect();
        for group in query_terms(&text, &[b, a]) {
            prop_assert!(group.iter().any(|term| found.contains(term)), "{group:?}");
            prop_assert!(group.len() <= 2 && group.iter().collect::<HashSet<_>>().len() == group.len());
        }
        prop_assert_eq!(query_terms(&text, &[a]).is_empty(), found.is_empty());
    }

    #[test]
    fn the_form_in_which_a_text_came_does_not_matter(text in any_text(), language in any_language()) {
        use unicode_normalization::UnicodeNormalization;
        let decomposed: String = text.nfd().collect();
        prop_assert_eq!(terms(&text, Some(language)), terms(&decomposed, Some(language)));
    }
}
