//! Who may do what, as one table: every operation of the description by every kind of caller, over HTTP.
//!
//! A new operation needs a line in `access/table.txt`, and where it takes more than an empty JSON object, a word in
//! `access/filling.rs` about what is sent along and what stands for its parameters. Where the line says 0 for everybody, the
//! failing test tells what each is answered; whether that is right is for whoever writes it down.

mod callers;
mod filling;
mod table;
mod world;

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::Value;

use crate::usher::{Setup, Usher, answered};
use callers::CALLERS;
use table::{Row, rows};
use world::World;

/// Calls as each of the callers; what differs from the table.
async fn differences(world: &World, row: &Row) -> Vec<String> {
    let answers = world.callers.iter().enumerate().map(|(column, caller)| {
        let expected = &row.cells[column];
        async move {
            let found = world.answer(row, caller).await;
            (found != *expected).then(|| format!("{row} by {}: {found} instead of {expected}", caller.name))
        }
    });
    join_all(answers).await.into_iter().flatten().collect()
}

#[tokio::test]
async fn everybody_may_do_what_the_table_says() {
    let world = World::new().await;
    let mut wrong = Vec::new();
    for row in rows() {
        wrong.extend(differences(&world, &row).await);
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[tokio::test]
async fn every_operation_has_its_row() {
    let usher = Usher::start(Setup::default()).await;
    let document: Value = answered(usher.get("/openapi.json")).await;
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("a map of paths") {
        let methods = item.as_object().expect("a map of methods").keys();
        described.extend(methods.map(|method| format!("{} {path}", method.to_uppercase())));
    }
    let in_table: Vec<_> = rows().iter().map(Row::to_string).collect();
    let known: BTreeSet<_> = in_table.iter().cloned().collect();
    assert_eq!(known.len(), in_table.len(), "a row twice");
    let without_row = described.difference(&known);
    let without_row = without_row.map(|name| format!("{name}: no row in access/table.txt"));
    let without_operation = known.difference(&described);
    let without_operation = without_operation.map(|name| format!("{name}: no such operation"));
    let wrong: Vec<_> = without_row.chain(without_operation).collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn the_columns_of_the_table_are_the_callers() {
    assert_eq!(table::heading(), CALLERS);
}
