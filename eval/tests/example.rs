//! The example's QA set, as it stands in this repository.

use std::path::Path;

use footnote_core::passage::DocumentRef;
use footnote_core::{DocumentId, Source};
use footnote_eval::EvalSet;

#[test]
fn every_gold_document_of_the_handbook_set_is_exactly_one_file_of_the_handbook() {
    let examples = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../examples");
    let set = EvalSet::read(&examples.join("handbook.qa.jsonl")).unwrap();
    let unanswerable = set.questions.iter().filter(|question| question.is_answerable() == Some(false)).count();
    assert_eq!((set.questions.len(), unanswerable), (60, 15));

    let mut folders = vec![fs_err::canonicalize(examples.join("handbook")).unwrap()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let uri = Source::File(path).uri();
                files.push(DocumentRef {
                    id: DocumentId::of("default", &uri),
                    title: String::new(),
                    uri,
                    media_type: String::new(),
                });
            }
        }
    }
    for question in &set.questions {
        for gold in &question.documents {
            let named = files.iter().filter(|file| gold.key.names(file)).count();
            assert_eq!(named, 1, "{}: {}", question.id, gold.key.as_str());
        }
    }
}
