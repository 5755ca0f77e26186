//! What every ONNX model needs: the runtime's library, and its files read and blamed by name.

pub(crate) mod files;
pub(crate) mod runtime;
