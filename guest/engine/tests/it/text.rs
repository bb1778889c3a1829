//! The engine's operations as text: what is refused, and the very bytes of what is answered.
