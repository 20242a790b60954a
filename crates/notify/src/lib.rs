//! Channels out: how Gewu tells people and other systems that something happened.
//!
//! One of the three doors out (docs/adr/0003-doors-out.md). It gets a message and an address and answers whether it
//! arrived; it knows nothing of cases, persons or storage, and never decides whom to tell. No channel exists yet; what
//! one takes will wait in the outbox that `store` writes with each change.
