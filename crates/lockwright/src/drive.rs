//! The only loop: steps the resolver, asks the source, teaches the answers.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::poll_fn;
use futures_util::stream::{LocalBoxStream, SelectAll, Stream};
use index::{Answer, Query};

use crate::{Progress, Source, SourceError};

/// What can be driven: the resolver, and the stand-ins of tests.
pub trait Conversation {
    /// What it comes to: a resolution, or why there is none.
    type End;

    /// Goes on as far as what is known allows.
    fn step(&mut self) -> Step<Self::End>;

    /// Takes an answer in.
    fn learn(&mut self, query: Query, answer: Answer);

    /// What will be wanted soon: asked along when the answers to a step's questions take a while.
    fn ahead(&mut self) -> Vec<Query> {
        Vec::new()
    }

    /// How far it is. Questions and answers are counted by [`drive`].
    fn progress(&self) -> Progress;
}

/// Where a conversation stands after a step.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step<E> {
    /// These are to be asked; each is named once in a conversation.
    Ask(Vec<Query>),
    /// What was asked before has to be answered first.
    Wait,
    /// It is over.
    End(E),
}

/// How a conversation ended, and what it took.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Driven<E> {
    /// What it came to.
    pub end: E,
    /// Questions asked.
    pub queries: usize,
    /// Rounds in which questions went out together.
    pub waves: usize,
}

/// Why a conversation was broken off.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DriveError {
    /// A question could not be answered.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The resolver waits although nothing is under way, or the source left a question
    /// unanswered: a bug on either side.
    #[error("the resolution waits for an answer that nobody is asked for")]
    Stalled,
}

/// Drives a conversation to its end.
///
/// What the source has at hand is learnt step by step; only when somebody must be waited for, what
/// will be wanted soon is asked along.
///
/// Dropping the future cancels all requests under way; the conversation cannot be driven on then.
///
/// # Errors
///
/// A question could not be answered. What is known by then does not matter: failure is not absence.
pub async fn drive<C: Conversation>(
    conversation: &mut C,
    source: &impl Source,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Driven<C::End>, DriveError> {
    let mut answers = SelectAll::new();
    let (mut queries, mut waves, mut answered, mut unbroken) = (0, 0, 0, 0_usize);
    loop {
        let mut asked = match conversation.step() {
            Step::End(end) => {
                progress(&Progress {
                    asked: queries,
                    answered,
                    ..conversation.progress()
                });
                return Ok(Driven {
                    end,
                    queries,
                    waves,
                });
            }
            Step::Wait => Vec::new(),
            Step::Ask(asked) => asked,
        };
        queries += asked.len();
        let waiting = asked.len();
        asked.retain(|query| match source.at_hand(query) {
            Some(answer) => {
                conversation.learn(query.clone(), answer);
                false
            }
            None => true,
        });
        let learnt = waiting - asked.len();
        answered += learnt;
        if asked.is_empty() && learnt > 0 {
            unbroken += 1;
            if unbroken % UNBROKEN == 0 {
                progress(&Progress {
                    asked: queries,
                    answered,
                    ..conversation.progress()
                });
                pause().await;
            }
            continue;
        }
        let ahead = conversation.ahead();
        queries += ahead.len();
        asked.extend(ahead);
        progress(&Progress {
            asked: queries,
            answered,
            ..conversation.progress()
        });
        if !asked.is_empty() {
            waves += 1;
            answers.push(source.ask(asked));
        }
        for (query, answer) in ready(&mut answers).await? {
            answered += 1;
            conversation.learn(query, answer);
        }
    }
}

/// After so many steps without waiting, others get their turn: an interrupt, for instance.
const UNBROKEN: usize = 64;

/// Lets others go first, once.
async fn pause() {
    let mut has_paused = false;
    poll_fn(|context| {
        if has_paused {
            return Poll::Ready(());
        }
        has_paused = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

type Answers<'a> = SelectAll<LocalBoxStream<'a, Result<(Query, Answer), SourceError>>>;

/// Waits for the first answer and takes along all others that are there already.
async fn ready(answers: &mut Answers<'_>) -> Result<Vec<(Query, Answer)>, DriveError> {
    poll_fn(|context| poll_ready(answers, context)).await
}

fn poll_ready(
    answers: &mut Answers<'_>,
    context: &mut Context<'_>,
) -> Poll<Result<Vec<(Query, Answer)>, DriveError>> {
    let mut batch = Vec::new();
    loop {
        match Pin::new(&mut *answers).poll_next(context) {
            Poll::Ready(Some(Ok(answer))) => batch.push(answer),
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error.into())),
            Poll::Ready(None) | Poll::Pending if !batch.is_empty() => {
                return Poll::Ready(Ok(batch));
            }
            Poll::Ready(None) => return Poll::Ready(Err(DriveError::Stalled)),
            Poll::Pending => return Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests;
