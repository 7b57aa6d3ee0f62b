//! What a model is asked for a prompt. See [`queries`].

use crate::{
    entities::{Memory, Prompt},
    models::Query,
    scenario::{Feedback, Protocol, Replay},
};

/// Returns the prompt's calls with what the rules let the model remember.
pub(super) fn queries<'a>(
    prompt: &'a Prompt,
    memory: &'a Memory,
    protocol: &Protocol,
) -> impl Iterator<Item = Query<'a>> + use<'a> {
    let feeds = protocol.feedback == Feedback::Logits;
    let goes_on = protocol.replay == Replay::Incremental;
    let calls = prompt.calls.iter().enumerate();
    calls.map(move |(index, call)| Query {
        call,
        logits: memory
            .logits
            .get(index)
            .filter(|_| feeds)
            .map(|logits| logits.view()),
        state: memory.states.get(index).filter(|_| goes_on),
    })
}
