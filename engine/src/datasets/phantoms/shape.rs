//! Shapes as functions of a point. A *depth* is positive inside, negative outside, and near the
//! border about the distance to it. See [`Ellipse`].

use std::ops::{Add, Mul, Sub};

/// A point of the image: x from −1 (left) to 1 (right), y from −1 (top) to 1 (bottom).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// Returns a point.
pub(super) const fn at(x: f64, y: f64) -> Point {
    Point { x, y }
}

impl Point {
    /// Returns the distance from the origin.
    pub(super) fn norm(self) -> f64 {
        (self.x * self.x + self.y * self.y).sqrt()
    }
}

impl Add for Point {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        at(self.x + other.x, self.y + other.y)
    }
}

impl Sub for Point {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        at(self.x - other.x, self.y - other.y)
    }
}

impl Mul<f64> for Point {
    type Output = Self;

    fn mul(self, factor: f64) -> Self {
        at(self.x * factor, self.y * factor)
    }
}

/// An ellipse.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ellipse {
    pub(super) centre: Point,
    radii: Point,
    /// Direction of the first axis, of length 1.
    axis: Point,
}

impl Ellipse {
    /// Returns an upright ellipse.
    pub(super) const fn new(centre: Point, radius_x: f64, radius_y: f64) -> Self {
        Self {
            centre,
            radii: at(radius_x, radius_y),
            axis: at(1.0, 0.0),
        }
    }

    /// Turns it until its first axis has this slope (positive: down to the right).
    pub(super) fn tilted(mut self, slope: f64) -> Self {
        let direction = at(1.0, slope);
        self.axis = direction * (1.0 / direction.norm());
        self
    }

    /// Returns the point in the frame in which the ellipse is the unit circle.
    pub(super) fn local(&self, p: Point) -> Point {
        let d = p - self.centre;
        at(
            (d.x * self.axis.x + d.y * self.axis.y) / self.radii.x,
            (d.y * self.axis.x - d.x * self.axis.y) / self.radii.y,
        )
    }

    /// Returns the depth of a point, to first order the distance to the border.
    pub(super) fn depth(&self, p: Point) -> f64 {
        let q = self.local(p);
        let radius = q.norm();
        let gradient = at(q.x / self.radii.x, q.y / self.radii.y).norm();
        if radius < 1e-6 {
            return self.radii.x.min(self.radii.y);
        }
        (1.0 - radius) * radius / gradient
    }
}

/// Returns the depth in a band of half-width `half` around the segment from `a` to `b`.
pub(super) fn band(p: Point, a: Point, b: Point, half: f64) -> f64 {
    let (d, along) = (p - a, b - a);
    let t =
        ((d.x * along.x + d.y * along.y) / (along.x * along.x + along.y * along.y)).clamp(0.0, 1.0);
    half - (d - along * t).norm()
}

/// Returns 0 up to `from`, 1 beyond `to`, and a smooth ramp between (Hermite).
pub(super) fn ramp(from: f64, to: f64, value: f64) -> f64 {
    let t = ((value - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Returns `a` at `t` = 0 and `b` at `t` = 1.
pub(super) fn mix(a: f64, b: f64, t: f64) -> f64 {
    a + (b - a) * t
}

/// Returns the depth in both shapes, their corner rounded by `radius`.
pub(super) fn both(a: f64, b: f64, radius: f64) -> f64 {
    let h = (radius - (a - b).abs()).max(0.0);
    a.min(b) - h * h / (4.0 * radius)
}

/// Returns the depth in either shape, their notch filled by `radius`.
pub(super) fn either(a: f64, b: f64, radius: f64) -> f64 {
    -both(-a, -b, radius)
}
