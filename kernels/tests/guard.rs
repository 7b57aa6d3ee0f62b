//! No operation of the processor reads or writes beyond what it was given: the catalogue runs on every
//! instruction set with all its memory at the end of a page, and then at the beginning of one, beside
//! pages that nobody may touch. A stray access ends the test with SIGSEGV.
//!
//! Tensors of 4096 numbers and more come from pools that round up their length by an eighth at most;
//! below, and for weights and scratch memory, the page ends where the numbers do.
#![cfg(unix)]

mod cases;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    hint::black_box,
    os::unix::process::ExitStatusExt as _,
    process::Command,
    ptr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicPtr, AtomicU8, AtomicUsize, Ordering},
    },
};

use cases::{Numbers, Setting};
use kernels::{
    Device,
    distance::{Metric, distance},
};
use ndarray::Array2;

/// Work that is done in a blink.
const SMALL: u64 = 10_000_000;

/// Memory below this many bytes comes from the system's allocator: no kernel works on so little.
const LEAST: usize = 64;

/// Addresses that are set aside, of which few are ever backed by memory, and none twice.
const REGION: usize = 1 << 42;

#[global_allocator]
static ALLOCATOR: Guarded = Guarded {
    side: AtomicU8::new(Side::None as u8),
    start: AtomicPtr::new(ptr::null_mut()),
    used: AtomicUsize::new(0),
};

/// Bytes of the largest pages that processors use.
const PAGE: usize = 1 << 16;

/// One test at a time chooses the side.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Where the forbidden page is that new memory touches.
#[derive(Clone, Copy)]
enum Side {
    None,
    Before,
    After,
}

/// Gives each piece of memory pages of its own between two that must not be touched.
struct Guarded {
    side: AtomicU8,
    start: AtomicPtr<u8>,
    used: AtomicUsize,
}

impl Guarded {
    /// Has all memory that is asked for from now on beside a forbidden page.
    #[expect(unsafe_code, reason = "memory is the system's")]
    fn guard(&self, side: Side) {
        if self.start.load(Ordering::Acquire).is_null() {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
            // SAFETY: new pages at an address that the system chooses touch nobody's memory.
            let start =
                unsafe { libc::mmap(ptr::null_mut(), REGION, libc::PROT_NONE, flags, -1, 0) };
            assert_ne!(start, libc::MAP_FAILED, "addresses can be set aside");
            self.start.store(start.cast(), Ordering::Release);
        }
        self.side.store(side as u8, Ordering::Release);
    }

    /// Returns pages for `layout`, or null where they are used up.
    #[expect(unsafe_code, reason = "memory is the system's")]
    fn pages(&self, layout: Layout, side: u8) -> *mut u8 {
        let len = layout.size().next_multiple_of(PAGE);
        // A forbidden page before, and the next piece's, or the region's last, behind.
        let offset = self.used.fetch_add(PAGE + len, Ordering::Relaxed);
        if offset + 2 * PAGE + len > REGION {
            return ptr::null_mut();
        }
        let start = self.start.load(Ordering::Acquire);
        // SAFETY: the pages lie in the region, and no other piece has been given them.
        unsafe {
            let first = start.add(offset + PAGE);
            if libc::mprotect(first.cast(), len, libc::PROT_READ | libc::PROT_WRITE) != 0 {
                return ptr::null_mut();
            }
            if side == Side::Before as u8 {
                first
            } else {
                first.add((len - layout.size()) / layout.align() * layout.align())
            }
        }
    }
}

// SAFETY: memory is the system allocator's, or pages that belong to one piece alone and that start, or end
// but for its alignment, where the piece does.
#[expect(unsafe_code, reason = "an allocator is")]
unsafe impl GlobalAlloc for Guarded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let side = self.side.load(Ordering::Acquire);
        if side == Side::None as u8 || layout.size() < LEAST || layout.align() > PAGE {
            // SAFETY: the caller keeps to the same rules.
            return unsafe { System.alloc(layout) };
        }
        self.pages(layout, side)
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        let start = self.start.load(Ordering::Acquire);
        let offset = (at as usize).wrapping_sub(start as usize);
        if start.is_null() || offset >= REGION {
            // SAFETY: it is not from the region, so it is the system allocator's.
            return unsafe { System.dealloc(at, layout) };
        }
        let first = (at as usize / PAGE * PAGE) as *mut libc::c_void;
        let len = layout.size().next_multiple_of(PAGE);
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED;
        // SAFETY: the pages were this piece's alone. They go back, and stay forbidden.
        unsafe {
            libc::mmap(first, len, libc::PROT_NONE, flags, -1, 0);
        }
    }
}

/// Calls `act` with either side of new memory.
fn on_both_sides(act: impl Fn(Side)) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    for side in [Side::After, Side::Before] {
        act(side);
    }
}

/// Calls `act` with new memory beside a forbidden page.
fn guarded<T>(side: Side, act: impl FnOnce() -> T) -> T {
    ALLOCATOR.guard(side);
    let result = act();
    ALLOCATOR.guard(Side::None);
    result
}

#[test]
fn operations_stay_within_their_memory() {
    on_both_sides(|side| {
        let mut count = 0;
        for device in Device::cpus().iter().flat_map(Device::in_each_precision) {
            let setting = Setting {
                numbers: Numbers::Plain,
                precision: device.precision(),
                most: SMALL,
            };
            for case in cases::all(setting) {
                if case.cost.flops > 20 * SMALL {
                    continue;
                }
                let result = guarded(side, || (case.prepare)(&device)());
                let mismatch = case.mismatch(&(case.expect)(), &result);
                assert_eq!(mismatch, None, "{}", device.name());
                count += 1;
            }
        }
        assert!(count > 100, "most of the catalogue is small: {count}");
    });
}

#[test]
fn distances_stay_within_their_memory() {
    on_both_sides(|side| {
        // Around the lengths of vectors, and around the bands of rows.
        for (height, width) in [(1, 1), (3, 15), (17, 16), (33, 31), (40, 65), (70, 200)] {
            let mask = Array2::from_shape_fn((height, width), |(y, x)| (7 * y + x) % 53 != 0);
            for metric in [Metric::Chamfer3, Metric::Chamfer5, Metric::Exact] {
                for border in [false, true] {
                    guarded(side, || black_box(distance(mask.view(), metric, border)));
                }
            }
        }
    });
}

/// Names the side on which this program is to reach beyond its memory.
const STRAY: &str = "GUARD_STRAY";

#[test]
#[expect(unsafe_code, reason = "a stray access is what is to be caught")]
fn stray_reads_are_caught() {
    if let Ok(side) = std::env::var(STRAY) {
        let (side, step) = match side.as_str() {
            "before" => (Side::Before, -1),
            _ => (Side::After, 100),
        };
        ALLOCATOR.guard(side);
        let numbers = black_box(vec![1.0_f32; 100]);
        // SAFETY: none; the process must end here.
        black_box(unsafe { numbers.as_ptr().offset(step).read_volatile() });
        return;
    }
    for side in ["before", "after"] {
        let program = std::env::current_exe().expect("a test has a path");
        let ended = Command::new(program)
            .args(["--exact", "stray_reads_are_caught"])
            .env(STRAY, side)
            .output()
            .expect("a test can be started");
        let signal = ended.status.signal();
        assert!(
            matches!(signal, Some(libc::SIGSEGV | libc::SIGBUS)),
            "{side}: {:?}",
            ended.status
        );
    }
}
