//! Lets a bounded number of requests through at once, first come, first served.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::task::{Poll, Waker};

/// A gate with so many places behind it.
#[derive(Debug)]
pub(super) struct Gate {
    free: Cell<usize>,
    queue: RefCell<VecDeque<Rc<Ticket>>>,
}

/// Somebody's place in the queue.
#[derive(Debug, Default)]
struct Ticket {
    called: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

/// A place behind the gate, given back when dropped.
#[derive(Debug)]
pub(super) struct Pass<'a>(&'a Gate);

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.0.give_back();
    }
}

/// Waits in the queue; leaving early gives the place to the next.
struct Waiting<'a> {
    gate: &'a Gate,
    ticket: Rc<Ticket>,
    is_through: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.is_through {
            return;
        }
        if self.ticket.called.get() {
            self.gate.give_back();
        } else {
            self.gate
                .queue
                .borrow_mut()
                .retain(|it| !Rc::ptr_eq(it, &self.ticket));
        }
    }
}

impl Gate {
    pub(super) fn new(places: usize) -> Self {
        Self {
            free: Cell::new(places.max(1)),
            queue: RefCell::default(),
        }
    }

    /// Waits for a place.
    pub(super) async fn enter(&self) -> Pass<'_> {
        // Whoever waits is called by name, so that a newcomer cannot take a place meant for it.
        if self.free.get() > 0 {
            self.free.set(self.free.get() - 1);
            return Pass(self);
        }
        self.wait().await
    }

    fn wait(&self) -> impl Future<Output = Pass<'_>> {
        let ticket = Rc::new(Ticket::default());
        self.queue.borrow_mut().push_back(Rc::clone(&ticket));
        let mut waiting = Waiting {
            gate: self,
            ticket,
            is_through: false,
        };
        poll_fn(move |context| {
            if waiting.ticket.called.get() {
                waiting.is_through = true;
                return Poll::Ready(Pass(waiting.gate));
            }
            *waiting.ticket.waker.borrow_mut() = Some(context.waker().clone());
            Poll::Pending
        })
    }

    fn give_back(&self) {
        let next = self.queue.borrow_mut().pop_front();
        match next {
            None => self.free.set(self.free.get() + 1),
            Some(ticket) => {
                ticket.called.set(true);
                let waker = ticket.waker.borrow_mut().take();
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn whoever_comes_first_goes_first() {
        let gate = Gate::new(1);
        let pass = gate.enter().now_or_never().unwrap();
        let mut second = Box::pin(gate.enter());
        let mut third = Box::pin(gate.enter());
        assert!((&mut second).now_or_never().is_none());
        assert!((&mut third).now_or_never().is_none());
        drop(pass);
        assert!(gate.enter().now_or_never().is_none(), "nobody overtakes");
        assert!((&mut third).now_or_never().is_none());
        let pass = (&mut second).now_or_never().unwrap();
        drop(pass);
        assert!((&mut third).now_or_never().is_some());
        assert_eq!(gate.free.get(), 1);
    }

    #[test]
    fn leaving_the_queue_passes_the_place_on() {
        let gate = Gate::new(1);
        let pass = gate.enter().now_or_never().unwrap();
        let mut second = Box::pin(gate.enter());
        let mut third = Box::pin(gate.enter());
        let mut fourth = Box::pin(gate.enter());
        for waiting in [&mut second, &mut third, &mut fourth] {
            assert!(waiting.now_or_never().is_none());
        }
        drop(third);
        drop(pass);
        drop(second);
        assert!((&mut fourth).now_or_never().is_some());
        assert_eq!(gate.free.get(), 1);
    }
}
