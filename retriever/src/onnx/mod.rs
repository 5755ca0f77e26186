//! What every ONNX model needs: the runtime's library, its files read and blamed by name, and a thread of its own.

pub(crate) mod files;
pub(crate) mod runtime;
pub(crate) mod worker;
