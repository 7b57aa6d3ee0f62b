//! An axial FLAIR slice of the brain: fluid is dark, lesions of the white matter are bright.

use super::{
    Phantom,
    canvas::{blur, noise, sample},
    random::{Random, Texture},
    shape::{Ellipse, Point, at, band, both, either, mix, ramp},
};

/// One patient's anatomy.
struct Anatomy {
    skin: Ellipse,
    scalp: f64,
    skull: f64,
    horn: f64,
    horn_width: f64,
    lesions: Vec<Ellipse>,
    fold: Texture,
    bend: Texture,
    ragged: Texture,
    grain: Texture,
}

/// Draws one patient.
pub(super) fn draw(side: usize, mut random: Random) -> Phantom {
    let anatomy = Anatomy::new(&mut random);
    let lesion = sample(side, |p| anatomy.lesion(p) > 0.0);
    let ventricle = sample(side, |p| {
        anatomy.ventricle(p) > 0.0 && anatomy.lesion(p) <= 0.0
    });
    let mut gray = sample(side, |p| anatomy.signal(p));
    let pixel = side as f64 / 512.0;
    blur(&mut gray, 1.5 * pixel, 1.5 * pixel);

    // The coil hears one corner better than the other; the magnitude of complex noise is Rician.
    let slope = at(random.range(-0.14, 0.14), random.range(-0.14, 0.14));
    let bowl = random.range(-0.12, 0.05);
    let bias = sample(side, |p| {
        1.0 + slope.x * p.x + slope.y * p.y + bowl * (p.x * p.x + p.y * p.y)
    });
    let sigma = random.range(0.014, 0.026);
    let real = noise(side, &mut random, pixel, pixel);
    let imaginary = noise(side, &mut random, pixel, pixel);
    ndarray::Zip::from(&mut gray)
        .and(&bias)
        .and(&real)
        .and(&imaginary)
        .for_each(|value, bias, re, im| {
            let re = *value * bias + sigma * re;
            let im = sigma * im;
            *value = (re * re + im * im).sqrt();
        });
    Phantom {
        gray,
        truth: vec![lesion, ventricle],
        spacing_mm: 240.0 / side as f64,
    }
}

impl Anatomy {
    fn new(random: &mut Random) -> Self {
        let skin = Ellipse::new(
            at(random.range(-0.02, 0.02), random.range(-0.02, 0.03)),
            random.range(0.66, 0.72),
            random.range(0.84, 0.90),
        );
        let lesions = (0..random.integer(3, 6))
            .map(|k| {
                // One after the other left and right, beside the ventricles.
                let side = if k % 2 == 0 { -1.0 } else { 1.0 };
                let centre =
                    skin.centre + at(side * random.range(0.20, 0.34), random.range(-0.40, 0.42));
                let size = random.range(0.028, 0.075);
                Ellipse::new(centre, size, size * random.range(0.7, 1.3))
                    .tilted(random.range(-1.0, 1.0))
            })
            .collect();
        Self {
            skin,
            scalp: random.range(0.045, 0.065),
            skull: random.range(0.040, 0.055),
            horn: random.range(0.17, 0.24),
            horn_width: random.range(0.030, 0.055),
            lesions,
            fold: random.texture(),
            bend: random.texture(),
            ragged: random.texture(),
            grain: random.texture(),
        }
    }

    /// Returns the depth below the inner table of the skull.
    fn inside(&self, p: Point) -> f64 {
        self.skin.depth(self.bend.warp(p, 1.6, 0.012)) - self.scalp - self.skull
    }

    fn lesion(&self, p: Point) -> f64 {
        let q = self.ragged.warp(p, 11.0, 0.018);
        let any = self
            .lesions
            .iter()
            .map(|lesion| lesion.depth(q))
            .fold(f64::NEG_INFINITY, f64::max);
        both(any, self.inside(p) - 0.12, 0.02).min(-self.ventricle(p))
    }

    /// Returns the depth in either lateral ventricle: frontal horn, body and occipital horn.
    fn ventricle(&self, p: Point) -> f64 {
        let d = self.bend.warp(p, 3.0, 0.015) - self.skin.centre;
        let d = at(d.x.abs(), d.y);
        let body = band(d, at(0.055, -0.14), at(0.075, 0.12), self.horn_width);
        let front = band(
            d,
            at(0.055, -0.14),
            at(0.11, -0.14 - self.horn),
            self.horn_width * 0.85,
        );
        let back = band(
            d,
            at(0.075, 0.12),
            at(0.155, 0.12 + self.horn),
            self.horn_width,
        );
        let horns = either(either(body, front, 0.03), back, 0.04);
        // The septum keeps the two apart.
        both(horns, d.x - 0.012, 0.01)
    }

    /// Returns the signal at a point.
    fn signal(&self, p: Point) -> f64 {
        let depth = self.skin.depth(self.bend.warp(p, 1.6, 0.012));
        let grain = self.grain.fractal(p * 30.0, 3);
        if depth < self.scalp {
            let fat = 0.62 + 0.10 * self.grain.fractal(p * 12.0, 3);
            return fat * ramp(-0.004, 0.008, depth);
        }
        let brain = depth - self.scalp - self.skull;
        if brain < 0.0 {
            // Marrow between two dark tables.
            let middle = 1.0 - ((depth - self.scalp) / self.skull * 2.0 - 1.0).abs();
            return 0.05 + 0.16 * ramp(0.35, 0.8, middle);
        }
        self.tissue(p, brain, grain)
    }

    /// Returns the signal of the brain, `depth` below the skull.
    fn tissue(&self, p: Point, depth: f64, grain: f64) -> f64 {
        let fluid = 0.09;
        // Sulci wind inwards from the surface and fade out; cortex lines them.
        let q = self.bend.warp(p, 4.0, 0.06);
        let winding = self.fold.at(q * 6.5).abs() + 0.25 * self.fold.at(q * 15.0).abs();
        let reach = ramp(0.24, 0.04, depth);
        let sulcus = ramp(0.085, 0.02, winding / (reach + 0.02) - 0.02) * reach;
        let cortex = ramp(0.34, 0.16, winding) * ramp(0.26, 0.12, depth) + ramp(0.06, 0.02, depth);
        let mut value = mix(0.40, 0.53, cortex.min(1.0)) + 0.018 * grain;
        // Deep gray matter on both sides of the ventricles.
        let d = p - self.skin.centre;
        let nuclei = Ellipse::new(at(0.20, 0.0), 0.075, 0.15)
            .tilted(-6.0)
            .depth(at(d.x.abs(), d.y));
        value = mix(value, 0.50 + 0.018 * grain, ramp(-0.02, 0.03, nuclei));
        value = mix(value, fluid, sulcus.max(ramp(0.018, 0.004, depth)));
        // The fissure between the hemispheres, open in front and behind.
        let wobble = 0.02 * self.bend.fractal(at(3.0, p.y * 4.0), 2);
        let fissure = 0.010 - (d.x + wobble * 0.5).abs();
        let open = ramp(0.22, 0.42, d.y.abs());
        value = mix(value, fluid, ramp(-0.008, 0.004, fissure) * open);
        // A bright rim of ependyma is normal around dark ventricles.
        let ventricle = self.ventricle(p);
        value += 0.07 * ramp(-0.035, -0.005, ventricle);
        value = mix(value, fluid - 0.02, ramp(-0.004, 0.004, ventricle));
        let lesion = self.lesion(p);
        mix(value, 0.80 + 0.05 * grain, ramp(-0.012, 0.016, lesion))
    }
}
