//! One catalog takes over what another has of a collection.

use rusqlite::{Connection, Result, TransactionBehavior, params};

use super::write::set_fact;

pub(super) fn adopt(
    connection: &mut Connection,
    next: &str,
    collection: &str,
    facts: &[(String, String)],
) -> Result<()> {
    connection.execute("ATTACH DATABASE ?1 AS next", [next])?;
    let outcome = take_over(connection, collection, facts);
    let detached = connection.execute("DETACH DATABASE next", []);
    outcome.and(detached.map(drop))
}

/// Texts are the same in both: what is new are the chunks, and titles that were cut to fit.
fn take_over(connection: &mut Connection, collection: &str, facts: &[(String, String)]) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute(
        "DELETE FROM main.chunks WHERE document IN (SELECT id FROM main.documents WHERE collection = ?1)",
        [collection],
    )?;
    transaction.execute(
        "UPDATE main.documents SET title = n.title, chunks = n.chunks, language = n.language, metadata = n.metadata \
         FROM next.documents n WHERE n.id = main.documents.id AND main.documents.collection = ?1",
        [collection],
    )?;
    // Those whose texts were lost are in no index now.
    transaction.execute(
        "UPDATE main.documents SET status = n.status, goal = n.goal, reason = n.reason, content_hash = '' \
         FROM next.documents n \
         WHERE n.id = main.documents.id AND main.documents.collection = ?1 AND n.status = 'failed'",
        [collection],
    )?;
    transaction.execute(
        "INSERT INTO main.chunks SELECT c.* FROM next.chunks c JOIN main.documents d ON d.id = c.document \
         WHERE d.collection = ?1",
        [collection],
    )?;
    transaction.execute(
        "INSERT OR REPLACE INTO main.facts SELECT * FROM next.facts WHERE collection = ?1",
        params![collection],
    )?;
    for (name, value) in facts {
        set_fact(&transaction, collection, name, value)?;
    }
    transaction.commit()
}
