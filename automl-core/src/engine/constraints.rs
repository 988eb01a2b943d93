//! Constraints of a request, held against the table.

use super::protocol::StudyRequest;
use super::target::find_column;
use crate::diagnostic::Diagnostic;
use crate::learner;
use crate::model::Task;
use crate::node::FittedRecipe;
use crate::search::Constraints;
use crate::table::{Column, Table, Values};

/// Most groups of columns, so that one more of all others can be kept apart.
const MOST_GROUPS: usize = 63;

/// The constraints that a request asks for. `features`: columns that are learned from.
///
/// # Errors
/// Columns that are not there, are no features or have no direction, and what no learner can keep to.
pub(super) fn checked(
    table: &Table,
    features: &[&str],
    request: &StudyRequest,
    task: Task,
) -> Result<Constraints, Diagnostic> {
    let constraints =
        Constraints { monotone: request.monotone.clone(), interactions: request.interactions.clone() };
    if constraints.is_empty() {
        return Ok(constraints);
    }
    if task == Task::Multiclass && !constraints.monotone.is_empty() {
        return Err(Diagnostic::error(
            "constraint.several_classes",
            "Probabilities of more than two classes cannot all rise, or all fall, with a column.",
            "Leave out the directions, or predict a number or one of two classes.",
        ));
    }
    for name in request.monotone.keys() {
        has_direction(find_feature(table, features, name)?)?;
    }
    for name in request.interactions.iter().flatten() {
        find_feature(table, features, name)?;
    }
    if request.interactions.iter().any(Vec::is_empty) || request.interactions.len() > MOST_GROUPS {
        return Err(Diagnostic::error(
            "constraint.groups",
            format!("There are {} groups of columns that may act together.", request.interactions.len()),
            format!("Give from 1 to {MOST_GROUPS} groups of one column or more each."),
        ));
    }
    let keeps = |id: &String| learner::find(id).is_some_and(|l| constraints.are_kept_by(l.spec()));
    if !request.learners.is_empty() && !request.learners.iter().any(keeps) {
        let able: Vec<&str> = learner::all()
            .iter()
            .map(|l| l.spec())
            .filter(|s| s.id != "baseline" && s.tasks.contains(&task) && constraints.are_kept_by(s))
            .map(|s| s.id)
            .collect();
        return Err(Diagnostic::error(
            "constraint.no_learner",
            format!("No learner of {} can keep to the constraints.", request.learners.join(", ")),
            format!("Name one of {}, or leave the choice open.", able.join(", ")),
        ));
    }
    Ok(constraints)
}

fn find_feature<'a>(table: &'a Table, features: &[&str], name: &str) -> Result<&'a Column, Diagnostic> {
    let not_there = format!("A constraint names \"{name}\", but there is no such column.");
    let column = find_column(table, name).map_err(|found| Diagnostic { message: not_there, ..found })?;
    if features.contains(&column.name.as_str()) {
        return Ok(column);
    }
    Err(Diagnostic::error(
        "constraint.no_feature",
        format!("A constraint names \"{name}\", which is not learned from."),
        "It is the target, ignored, an identifier, constant or a weight: leave it out of the constraints.",
    )
    .at_column(name))
}

fn has_direction(column: &Column) -> Result<(), Diagnostic> {
    if matches!(column.values, Values::F32(_) | Values::F64(_)) && column.ty.name() == "numeric" {
        return Ok(());
    }
    Err(Diagnostic::error(
        "constraint.no_direction",
        format!("\"{}\" is {}: only numbers have a direction.", column.name, column.ty.name()),
        "Leave it out, or give the column the type numeric if its values are numbers.",
    )
    .at_column(&column.name))
}

/// The features that a fitted recipe made of a column.
pub(super) fn features_of(recipe: &FittedRecipe, column: &str) -> Vec<String> {
    let inputs = recipe.input_columns();
    let features = recipe.output_names().into_iter().zip(recipe.output_sources());
    features.filter(|(_, source)| inputs[*source] == column).map(|(name, _)| name).collect()
}
