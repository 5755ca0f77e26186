//! Promises of the filter language.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Filter, MAX_CONDITIONS, MAX_DEPTH, parse};
use crate::access::Grants;
use crate::error::Code;
use crate::facts::Facts;

fn report() -> Facts {
    let mut facts = Facts::default();
    let words = [
        "fields.author=Ada",
        "fields.year=2018",
        "has=fields.author",
        "has=fields.year",
        "has=modified",
        "label=hr",
        "language=en",
        "media_type=application/pdf",
        "name=x.pdf",
        "path=/srv/hr/x.pdf",
        "tags=report",
        "under=/",
        "under=/srv",
        "under=/srv/hr",
    ];
    facts.words = words.map(str::to_owned).to_vec();
    facts.words.sort_unstable();
    facts.numbers.insert("fields.year".into(), vec![2018.0]);
    facts.numbers.insert("modified".into(), vec![1_714_564_800_000.0]); // 2024-05-01T12:00:00Z
    facts
}

fn fits(filter: &Value) -> bool {
    parse(filter).unwrap().matches(&report())
}

#[test]
fn each_entry_of_an_object_must_hold() {
    assert!(fits(&json!({})));
    assert!(fits(&json!({"tags": "report", "language": ["de", "en"]})));
    assert!(!fits(&json!({"tags": "report", "language": "de"})));
    assert!(fits(&json!({"fields.year": 2018, "fields.author": {"is": "Ada"}})));
    assert!(fits(&json!({"path": {"under": "/srv/hr/"}})));
    assert!(!fits(&json!({"path": {"under": "/srv/h"}})), "a folder's name counts whole");
    assert!(!fits(&json!({"tags": []})), "none of no tags");
}

#[test]
fn filters_are_joined_and_turned_round() {
    assert!(fits(&json!({"any": [{"tags": "x"}, {"not": {"tags": "y"}}]})));
    assert!(!fits(&json!({"all": [{"tags": "report"}, {"not": {"language": "en"}}]})));
    assert!(fits(&json!({"fields.colour": {"exists": false}})));
    assert!(!fits(&json!({"any": []})));
}

#[test]
fn ranges_take_numbers_and_whole_days() {
    assert!(fits(&json!({"fields.year": {"gte": 2018, "lt": 2019}})));
    assert!(!fits(&json!({"fields.year": {"gt": 2018}})));
    assert!(fits(&json!({"modified": "2024-05-01"})));
    assert!(fits(&json!({"modified": {"lte": "2024-05-01"}})), "the whole of the day");
    assert!(!fits(&json!({"modified": {"gt": "2024-05-01"}})));
    assert!(fits(&json!({"modified": {"gt": "2024-05-01T11:59:59Z"}})));
}

#[test]
fn what_is_wrong_is_said_with_a_way_out() {
    let cases = [
        (json!({"colour": "red"}), Code::FilterField),
        (json!({"fields.": 1}), Code::FilterField),
        (json!({"modified": 3}), Code::FilterValue),
        (json!({"modified": {"gte": 1_700_000_000}}), Code::FilterValue),
        (json!({"modified": {"gte": "yesterday"}}), Code::FilterValue),
        (json!({"tags": {"like": "r%"}}), Code::FilterValue),
        (json!({"tags": {"under": "/x"}}), Code::FilterValue),
        (json!({"tags": null}), Code::FilterValue),
        (json!({"tags": [["a"]]}), Code::FilterValue),
        (json!({"fields.year": {"gt": 1, "gte": 2}}), Code::FilterValue),
        (json!({"all": {"tags": "a"}}), Code::FilterValue),
        (json!(["tags"]), Code::FilterValue),
        (json!({"tags": vec!["x"; MAX_CONDITIONS + 1]}), Code::FilterTooComplex),
    ];
    for (filter, code) in cases {
        let error = parse(&filter).unwrap_err();
        assert_eq!(error.code(), code, "{filter}");
        assert!(error.hint_text().is_some(), "{filter}");
    }
}

#[test]
fn a_filter_may_be_nested_so_deep_and_no_deeper() {
    let nested = |depth: usize| (1..depth).fold(json!({"tags": "report"}), |inner, _| json!({"all": [inner]}));
    assert!(parse(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(parse(&nested(MAX_DEPTH + 1)).unwrap_err().code(), Code::FilterTooComplex);
    assert_eq!(parse(&nested(100)).unwrap_err().code(), Code::FilterTooComplex);
}

#[test]
fn the_fields_of_documents_own_are_known() {
    let filter = parse(&json!({"not": {"fields.a": {"gt": 1}}, "any": [{"fields.b": "x=y"}, {"tags": "t"}],
        "fields.c": {"exists": true}}))
    .unwrap();
    assert_eq!(filter.own_fields(), ["a", "b", "c"]);
}

#[test]
fn a_caller_sees_what_is_open_and_what_is_granted() {
    let only = |labels: &[&str]| Grants::Only(labels.iter().map(|&label| label.to_owned()).collect());
    let (hr, open) = (vec!["hr".to_owned()], Vec::new());
    for (grants, labels, sees) in [
        (only(&[]), &hr, false),
        (only(&["it"]), &hr, false),
        (only(&["it", "hr"]), &hr, true),
        (only(&[]), &open, true),
        (Grants::All, &hr, true),
    ] {
        assert_eq!(grants.may_see(labels), sees);
        let mut facts = Facts::default();
        facts.words.push(labels.first().map_or("label=".into(), |label| format!("label={label}")));
        assert_eq!(grants.filter().is_none_or(|filter| filter.matches(&facts)), sees);
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z=/0-9-]{0,12}".prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("all".to_owned()),
        Just("any".to_owned()),
        Just("not".to_owned()),
        Just("tags".to_owned()),
        Just("modified".to_owned()),
        Just("path".to_owned()),
        Just("under".to_owned()),
        Just("gte".to_owned()),
        "fields\\.[a-z=]{0,3}",
        "[a-z]{1,5}",
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(key.clone(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_a_filter_or_a_refusal(json in any_json()) {
        match parse(&json) {
            Ok(filter) => {
                let facts = report();
                prop_assert_eq!(Filter::Not(Box::new(filter.clone())).matches(&facts), !filter.matches(&facts));
            }
            Err(error) => prop_assert!(error.hint_text().is_some()),
        }
    }
}
