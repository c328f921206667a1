//! Calls over a simulated network on a clock of their own: the engine at one end, str0m as the
//! clients at the other, and a check of each packet that a decoder would see.

mod driver;
mod forwarding;
mod hostile;
mod members;
mod networks;

mod world;
