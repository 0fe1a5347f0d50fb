//! Rust futures over JavaScript promises, each wait one link of a `then` chain.

use js_sys::{Array, Promise};
use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use wasm_bindgen::prelude::*;

/// How a promise ended, once it has.
type Outcome = Rc<RefCell<Option<Result<JsValue, JsValue>>>>;

thread_local! {
    /// The promise that the future being polled waits for; `drive` takes it right after the poll.
    static AWAITED: RefCell<Option<(Promise, Outcome)>> = const { RefCell::new(None) };
}

/// A promise as a future, for `drive` alone.
pub struct Settled {
    promise: Option<Promise>,
    outcome: Outcome,
}

impl Settled {
    /// Waits for a promise.
    pub fn of(promise: Promise) -> Self {
        Self {
            promise: Some(promise),
            outcome: Outcome::default(),
        }
    }
}

impl Future for Settled {
    type Output = Result<JsValue, JsValue>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(result) = self.outcome.take() {
            return Poll::Ready(result);
        }
        if let Some(promise) = self.promise.take() {
            let outcome = Rc::clone(&self.outcome);
            AWAITED.set(Some((promise, outcome)));
        }
        Poll::Pending
    }
}

/// A future on its way to JavaScript.
pub type Task = Pin<Box<dyn Future<Output = Result<JsValue, JsValue>>>>;

#[wasm_bindgen]
extern "C" {
    /// `Promise.prototype.then` with a callback that may throw.
    type Thenable;

    #[wasm_bindgen(method)]
    fn then(this: &Thenable, callback: &JsValue) -> JsValue;

    /// How `Promise.allSettled` tells of the one promise it was given.
    type Settlement;

    #[wasm_bindgen(method, getter)]
    fn status(this: &Settlement) -> Status;

    #[wasm_bindgen(method, getter)]
    fn value(this: &Settlement) -> JsValue;

    #[wasm_bindgen(method, getter)]
    fn reason(this: &Settlement) -> JsValue;
}

/// A settlement's `status`.
#[wasm_bindgen]
#[derive(Clone, Copy, Debug)]
pub enum Status {
    /// It has a `value`.
    Fulfilled = "fulfilled",
    /// It has a `reason`.
    Rejected = "rejected",
}

/// Runs a future as far as it goes: to its value, or to a promise of it.
///
/// Each wait is one link of a `then` chain. So work that needs no waiting (HS256) is done when the
/// call returns, and a trap, wherever it strikes, rejects what the caller awaits. An executor of
/// its own would poll in a microtask of its own, where a trap ends the isolate and every request in it.
///
/// # Errors
/// What the future fails with.
pub fn drive(mut task: Task) -> Result<JsValue, JsValue> {
    if let Poll::Ready(result) = task.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        return result;
    }
    let (promise, outcome) = AWAITED
        .take()
        .ok_or_else(|| JsValue::from_str("a future waits for no promise"))?;
    let resume = move |settled: JsValue| -> Result<JsValue, JsValue> {
        let settled: Settlement = settled.unchecked_into::<Array>().get(0).unchecked_into();
        outcome.replace(Some(match settled.status() {
            Status::Fulfilled => Ok(settled.value()),
            _ => Err(settled.reason()),
        }));
        drive(task)
    };
    // `allSettled` calls back once whatever happens, so that the closure is always freed.
    let settled: Thenable = Promise::all_settled(&Array::of1(&promise)).unchecked_into();
    let resumed = settled.then(&Closure::once_into_js(resume));
    // Should the call trap before the caller has this, its rejection must not end the process.
    let _ = Promise::all_settled(&Array::of1(&resumed));
    Ok(resumed)
}
