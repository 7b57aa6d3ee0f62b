//! A breast ultrasound image: echoes of layered tissue, speckled, fading with depth.

use ndarray::Zip;

use super::{
    Phantom,
    canvas::{noise, sample},
    random::{Random, Texture},
    shape::{Ellipse, Point, at, mix, ramp},
};

/// One patient's anatomy.
struct Anatomy {
    lesion: Ellipse,
    /// How much of the surrounding echo the lesion gives back.
    lesion_echo: f64,
    ragged: f64,
    /// Positive: bright behind the lesion (fluid). Negative: a shadow.
    behind: f64,
    gland_top: f64,
    muscle_top: f64,
    edge: Texture,
    layers: Texture,
    strands: Texture,
    contact: Texture,
}

/// Draws one patient.
pub(super) fn draw(side: usize, mut random: Random) -> Phantom {
    let anatomy = Anatomy::new(&mut random);
    let truth = sample(side, |p| anatomy.depth(p) > 0.0);
    let mut echo = sample(side, |p| anatomy.echo(p));
    // Speckle is the magnitude of a complex field, as wide as the beam and as tall as the pulse.
    let pixel = side as f64 / 512.0;
    let (pulse, beam) = (1.1 * pixel, 2.4 * pixel);
    let real = noise(side, &mut random, pulse, beam);
    let imaginary = noise(side, &mut random, pulse, beam);
    let gain = random.range(0.80, 0.92);
    Zip::from(&mut echo)
        .and(&real)
        .and(&imaginary)
        .for_each(|value, re, im| {
            let amplitude = ((re * re + im * im) * 0.5).sqrt();
            // The fourth root stands in for the logarithm of the display.
            *value = gain * (*value * (0.12 + 0.88 * amplitude)).max(0.0).sqrt().sqrt() - 0.16;
        });
    Phantom {
        gray: echo,
        truth: vec![truth],
        spacing_mm: 45.0 / side as f64,
    }
}

impl Anatomy {
    fn new(random: &mut Random) -> Self {
        let cyst = random.unit() < 0.4;
        let width = random.range(0.18, 0.38);
        let lesion = Ellipse::new(
            at(random.range(-0.35, 0.35), random.range(-0.32, 0.10)),
            width,
            width * random.range(0.55, 0.85),
        )
        .tilted(random.range(-0.25, 0.25));
        Self {
            lesion,
            lesion_echo: if cyst {
                0.004
            } else {
                random.range(0.035, 0.07)
            },
            ragged: if cyst {
                0.012
            } else {
                random.range(0.03, 0.055)
            },
            behind: if cyst {
                random.range(1.0, 1.8)
            } else {
                random.range(-0.75, 0.3)
            },
            gland_top: random.range(-0.62, -0.45),
            muscle_top: random.range(0.40, 0.58),
            edge: random.texture(),
            layers: random.texture(),
            strands: random.texture(),
            contact: random.texture(),
        }
    }

    /// Returns the depth in the lesion.
    fn depth(&self, p: Point) -> f64 {
        self.lesion.depth(self.edge.warp(p, 5.0, self.ragged))
    }

    /// Returns the mean echo at a point.
    fn echo(&self, p: Point) -> f64 {
        let tissue = self.tissue(p);
        let lesion = self.depth(p);
        let inside = self.lesion_echo * (1.0 + 0.5 * self.layers.fractal(p * 9.0, 2));
        let mut value = mix(tissue, inside, ramp(-0.012, 0.012, lesion));
        // Sound that went through the lesion was weakened less (fluid) or more (solid) than beside it.
        let local = at((p.x - self.lesion.centre.x) / 0.9, 0.0);
        let half = self
            .lesion
            .depth(at(self.lesion.centre.x + local.x, self.lesion.centre.y));
        let below = ramp(0.0, 0.15, p.y - self.lesion.centre.y) * ramp(-0.02, 0.0, -lesion);
        let column = ramp(-0.02, 0.08, half) * below * ramp(1.3, 0.2, p.y - self.lesion.centre.y);
        value *= (1.0 + self.behind * column).max(0.08);
        // The curved flanks bend sound away: a thin shadow under each.
        let flank = ramp(0.035, 0.0, half.abs()) * below;
        value *= 1.0 - 0.5 * flank;
        // Fading with depth, and poor contact in places.
        let contact = 0.75 + 0.35 * self.contact.fractal(at(p.x * 2.5, 0.3), 3);
        value
            * contact.max(0.1)
            * mix(1.0, 0.10, ramp(0.0, 1.1, p.y))
            * ramp(1.02, 0.85, p.x.abs()).max(0.35)
    }

    /// Returns the mean echo without a lesion.
    fn tissue(&self, p: Point) -> f64 {
        let q = self.layers.warp(p, 1.3, 0.09);
        let lobule = self.strands.ridges(at(q.x * 4.0, q.y * 7.0), 2);
        let septa = ramp(0.80, 0.98, lobule);
        let streak = self.strands.fractal(at(q.x * 5.0, q.y * 22.0), 3);
        let fat = 0.075 + 0.05 * self.layers.fractal(q * 6.0, 2) + 0.55 * septa;
        let gland = 0.30 + 0.22 * streak + 0.22 * self.layers.fractal(q * 5.0, 3);
        let fibres = ramp(
            0.25,
            0.9,
            self.layers
                .fractal(at(q.x * 2.2, (q.y - 0.10 * q.x) * 26.0), 2),
        );
        let muscle = 0.09 + 0.55 * fibres;
        let fascia = ramp(0.022, 0.0, (q.y - self.muscle_top).abs());

        let mut value = mix(
            fat,
            gland.max(0.04),
            ramp(-0.06, 0.06, q.y - self.gland_top),
        );
        value = mix(
            value,
            fat * 0.8,
            ramp(-0.05, 0.02, q.y - (self.muscle_top - 0.12)),
        );
        value = mix(value, muscle, ramp(-0.015, 0.015, q.y - self.muscle_top)) + 0.8 * fascia;
        // Skin: two bright lines with a gray one between.
        let skin = p.y + 1.0;
        let lines =
            ramp(0.014, 0.0, (skin - 0.025).abs()) + 0.7 * ramp(0.014, 0.0, (skin - 0.085).abs());
        mix(0.28, value, ramp(0.07, 0.09, skin)) + 0.9 * lines
    }
}
