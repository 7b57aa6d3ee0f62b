//! Vectors of numbers. See [`Lanes`].

/// Returns `a · b + c` on vectors of `N` numbers: rounded once, or twice where the hardware has no
/// such instruction and emulating it would cost a hundred.
#[inline(always)]
pub(crate) fn fma<const N: usize>(a: f32, b: f32, c: f32) -> f32 {
    if N == 4 && cfg!(target_arch = "x86_64") {
        a * b + c
    } else {
        a.mul_add(b, c)
    }
}

/// `N` numbers in one vector register. Every method is a loop over all lanes, which the compiler
/// turns into one instruction where the enclosing function enables it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lanes<const N: usize>(pub(crate) [f32; N]);

impl<const N: usize> Lanes<N> {
    pub(crate) const ZERO: Self = Self([0.0; N]);

    /// Returns `x` in every lane.
    #[inline(always)]
    pub(crate) fn splat(x: f32) -> Self {
        Self([x; N])
    }

    /// Returns the first `N` numbers of `x`.
    #[inline(always)]
    pub(crate) fn load(x: &[f32]) -> Self {
        let mut lanes = [0.0; N];
        lanes.copy_from_slice(&x[..N]);
        Self(lanes)
    }

    /// Returns the first `N` numbers of `x`, or as many as there are, and zeros.
    #[inline(always)]
    pub(crate) fn load_partial(x: &[f32]) -> Self {
        let mut lanes = [0.0; N];
        let count = x.len().min(N);
        lanes[..count].copy_from_slice(&x[..count]);
        Self(lanes)
    }

    /// Returns `self · b + c`, as [`fma`] rounds it.
    #[inline(always)]
    pub(crate) fn fma(mut self, b: Self, c: Self) -> Self {
        for i in 0..N {
            self.0[i] = fma::<N>(self.0[i], b.0[i], c.0[i]);
        }
        self
    }

    /// Returns the greater of each pair; of a NaN and a number, `b`.
    #[inline(always)]
    pub(crate) fn max(mut self, b: Self) -> Self {
        for i in 0..N {
            self.0[i] = if self.0[i] > b.0[i] {
                self.0[i]
            } else {
                b.0[i]
            };
        }
        self
    }

    /// Returns the lesser of each pair; of a NaN and a number, `b`.
    #[inline(always)]
    pub(crate) fn min(mut self, b: Self) -> Self {
        for i in 0..N {
            self.0[i] = if self.0[i] < b.0[i] {
                self.0[i]
            } else {
                b.0[i]
            };
        }
        self
    }

    /// Returns the sum of all lanes, in the order of a halving tree.
    #[inline(always)]
    pub(crate) fn sum(mut self) -> f32 {
        let mut width = N / 2;
        while width > 0 {
            for i in 0..width {
                self.0[i] += self.0[i + width];
            }
            width /= 2;
        }
        self.0[0]
    }
}

/// Implements an operator lane by lane, given its assigning form.
macro_rules! lanewise {
    ($trait:ident, $method:ident, $assign:tt) => {
        impl<const N: usize> std::ops::$trait for Lanes<N> {
            type Output = Self;

            #[inline(always)]
            fn $method(mut self, other: Self) -> Self {
                for i in 0..N {
                    self.0[i] $assign other.0[i];
                }
                self
            }
        }
    };
}

impl<const N: usize> std::ops::AddAssign for Lanes<N> {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

lanewise!(Add, add, +=);
lanewise!(Sub, sub, -=);
lanewise!(Mul, mul, *=);
lanewise!(Div, div, /=);
