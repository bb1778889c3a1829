//! What every component needs to run: the allocator, the panic handler, and what the target's C
//! library would bring if it could be linked without its imports.

#![cfg(target_family = "wasm")]
#![no_std]
#![expect(
    unsafe_code,
    reason = "the host gets memory by pointers, as the canonical ABI has it"
)]

extern crate alloc;

use alloc::alloc::{Layout, alloc, realloc};
use core::arch::wasm32;
use core::panic::PanicInfo;

#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// Nothing unwinds and there is nowhere to print: the host sees a trap and drops the instance.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    wasm32::unreachable()
}

// `memcmp` and the like. Without `-bundle` the library would be linked whole, start-up code and
// its imports from WASI included.
#[link(name = "c", kind = "static", modifiers = "-bundle")]
unsafe extern "C" {}

/// How the host gets memory for the arguments it passes. On this target the standard library
/// would define it.
///
/// # Safety
///
/// As the canonical ABI has it: `old_ptr` is null with `old_len` zero, or came from here with
/// `old_len` and `align`.
#[unsafe(no_mangle)]
unsafe extern "C" fn cabi_realloc(
    old_ptr: *mut u8,
    old_len: usize,
    align: usize,
    new_len: usize,
) -> *mut u8 {
    if new_len == 0 {
        return core::ptr::without_provenance_mut(align);
    }
    // SAFETY: the ABI passes a power of two as `align`, and lengths within linear memory.
    let block = unsafe {
        if old_len == 0 {
            alloc(Layout::from_size_align_unchecked(new_len, align))
        } else {
            realloc(
                old_ptr,
                Layout::from_size_align_unchecked(old_len, align),
                new_len,
            )
        }
    };
    if block.is_null() {
        wasm32::unreachable();
    }
    block
}
