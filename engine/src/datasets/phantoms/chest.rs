//! A frontal chest X-ray: what the beam passes adds up, bone over soft tissue over air.

use ndarray::Array2;

use super::{
    Phantom,
    canvas::{blur, noise, sample},
    random::{Random, Texture},
    shape::{Ellipse, Point, at, band, both, either, mix, ramp},
};

/// One patient's anatomy. The patient's right is on the image's left.
struct Anatomy {
    midline: f64,
    cage: Ellipse,
    heart: Ellipse,
    mediastinum: f64,
    /// Per side (right lung first): centre and height of the diaphragm's dome.
    domes: [Point; 2],
    dome_fall: f64,
    shoulder: f64,
    rib_gap: f64,
    rib_top: f64,
    bubble: Ellipse,
    edge: Texture,
    vessels: Texture,
    tissue: Texture,
}

/// Draws one patient.
pub(super) fn draw(side: usize, mut random: Random) -> Phantom {
    let anatomy = Anatomy::new(&mut random);
    let truth = sample(side, |p| anatomy.lung(p) > 0.0);
    let mut gray = sample(side, |p| anatomy.density(p));
    let pixel = side as f64 / 512.0;
    blur(&mut gray, 0.8 * pixel, 0.8 * pixel);
    let grain = noise(side, &mut random, 0.7 * pixel, 0.7 * pixel);
    let exposure = random.range(0.92, 1.06);
    // Fewer photons pass where it is bright, so there is more noise.
    gray.zip_mut_with(&grain, |value, n| {
        *value = *value * exposure + n * (0.006 + 0.014 * *value);
    });
    mark_left(&mut gray);
    Phantom {
        gray,
        truth: vec![truth],
        spacing_mm: 390.0 / side as f64,
    }
}

impl Anatomy {
    fn new(random: &mut Random) -> Self {
        let midline = random.range(-0.04, 0.04);
        let width = random.range(0.58, 0.70);
        let height = random.range(0.82, 0.95);
        let base = random.range(0.34, 0.50);
        let heart_size = random.range(0.22, 0.30);
        Self {
            midline,
            cage: Ellipse::new(at(midline, 0.10), width, height),
            heart: Ellipse::new(
                at(
                    midline + random.range(0.10, 0.15),
                    base - random.range(0.08, 0.14),
                ),
                heart_size * random.range(1.05, 1.25),
                heart_size,
            )
            .tilted(random.range(0.35, 0.7)),
            mediastinum: random.range(0.085, 0.115),
            domes: [
                at(midline - width * 0.50, base - random.range(0.02, 0.06)),
                at(midline + width * 0.54, base + random.range(0.00, 0.05)),
            ],
            dome_fall: random.range(1.5, 2.4),
            shoulder: random.range(-0.62, -0.54),
            rib_gap: random.range(0.125, 0.145),
            rib_top: random.range(-0.80, -0.74),
            bubble: Ellipse::new(
                at(midline + width * 0.45, base + random.range(0.16, 0.2)),
                random.range(0.08, 0.14),
                random.range(0.05, 0.08),
            ),
            edge: random.texture(),
            vessels: random.texture(),
            tissue: random.texture(),
        }
    }

    /// Returns the depth in either lung.
    fn lung(&self, p: Point) -> f64 {
        let p = self.edge.warp(p, 3.0, 0.008);
        let lateral = p.x - self.midline;
        let dome = self.domes[usize::from(lateral > 0.0)];
        let from_dome = p.x - dome.x;
        let above = dome.y + self.dome_fall * from_dome * from_dome - p.y;
        // The mediastinum is widest at the hila and narrows to the neck.
        let hilum = ramp(0.35, 0.0, (p.y + 0.1).abs());
        let beside = lateral.abs() - self.mediastinum * (0.8 + 0.45 * hilum);
        let chest = both(self.cage.depth(p) - 0.03, beside, 0.10);
        // Below its centre the heart is as wide as at it: no lung in the notch under it.
        let beside_heart = -self.heart.depth(at(p.x, p.y.min(self.heart.centre.y)));
        let clear = both(chest, beside_heart, 0.03);
        both(clear, above, 0.02)
    }

    /// Returns the brightness of the film.
    fn density(&self, p: Point) -> f64 {
        let body = self.body(p);
        let soft =
            mix(0.04, 0.60, ramp(-0.004, 0.30, body).sqrt()) * ramp(-0.01, 0.01, body).max(0.12);
        let muscle = 0.05 * self.tissue.fractal(p * 3.0, 4);
        let lateral = (p.x - self.midline).abs();

        let lung = self.lung(p);
        let air = ramp(-0.004, 0.012, lung) * (0.16 + 0.24 * ramp(0.0, 0.26, lung));
        let abdomen = 0.16 * ramp(-0.01, 0.25, p.y - self.domes[0].y) * ramp(0.0, 0.2, body);
        let heart = 0.16 * ramp(-0.02, 0.12, self.heart.depth(p));
        let centre = 0.18 * ramp(0.16, 0.04, lateral) * ramp(-0.02, 0.1, body);
        let gas = 0.22 * ramp(0.0, 0.05, self.bubble.depth(p));
        let vessels = self.vessels(p) * ramp(0.0, 0.05, lung);
        let windpipe = 0.12 * ramp(0.05, 0.02, (lateral - 0.004).abs()) * ramp(-0.12, -0.22, p.y);

        let value = soft + muscle * ramp(0.0, 0.1, body) + abdomen + heart + centre + self.bones(p)
            - air
            - gas
            - windpipe
            + vessels;
        // Film saturates softly at the bright end.
        let value = value.max(0.02);
        value / (1.0 + 0.28 * value * value)
    }

    /// Returns the depth in the silhouette: neck, shoulders, arms, trunk.
    fn body(&self, p: Point) -> f64 {
        let p = self.edge.warp(p, 1.5, 0.02);
        let x = (p.x - self.midline).abs();
        let neck = 0.20 - x + 0.3 * (p.y + 0.8).max(0.0);
        let slope = p.y - (self.shoulder - 0.30) - 0.38 * (x - 0.15).max(0.0);
        let shoulders = both(slope, 1.06 - x, 0.2);
        let shoulders = both(shoulders, 0.0 - p.y, 0.3);
        let trunk = both(0.80 - x + 0.05 * p.y, p.y + 0.8, 0.3);
        let arm = band(at(x, p.y), at(0.92, -0.42), at(1.12, 0.8), 0.17);
        either(either(either(neck, shoulders, 0.1), trunk, 0.06), arm, 0.06)
    }

    /// Returns what ribs, clavicles and spine add.
    fn bones(&self, p: Point) -> f64 {
        let x = p.x - self.midline;
        let side = x.abs();
        let inside = ramp(-0.05, -0.02, self.cage.depth(p)) * ramp(0.05, 0.10, side);
        let mut ribs: f64 = 0.0;
        for rib in 0..9 {
            let along = side / 0.66;
            let drop = f64::from(rib) * 0.012;
            // Behind: from the spine out and down. In front: from the wall in and down, fainter.
            let back = self.rib_top + f64::from(rib) * self.rib_gap - 0.05 * along
                + (0.20 + drop) * along * along;
            let front = self.rib_top + 0.42 + f64::from(rib) * self.rib_gap - 0.36 * along
                + 0.10 * along * along;
            let shape = |middle: f64, half: f64| {
                let off = (p.y - middle).abs();
                ramp(half, half * 0.7, off) * (0.7 + 0.3 * (off / half).min(1.0))
            };
            ribs = ribs.max(0.115 * shape(back, 0.027));
            if side > 0.22 {
                ribs = ribs.max(0.06 * shape(front, 0.03) * ramp(0.22, 0.34, side));
            }
        }
        let lower = ramp(0.75, 0.35, p.y);
        let wave = 0.02 * (side - 0.35);
        let clavicle = band(
            at(side, p.y + 3.0 * wave * wave),
            at(0.07, self.shoulder + 0.10),
            at(0.68, self.shoulder - 0.10),
            0.030,
        );
        let clavicle = ramp(0.0, 0.012, clavicle) * (0.17 - 2.0 * clavicle.max(0.0));
        // Vertebrae: bright bodies with darker discs between.
        let level = (p.y + 1.0) / 0.135;
        let disc = (level - level.floor() - 0.5).abs();
        let spine = ramp(0.085, 0.06, side) * (0.06 + 0.035 * ramp(0.48, 0.36, disc));
        ribs * inside * lower + clavicle + spine
    }

    /// Returns the branching markings of the lung, strongest at the hila.
    fn vessels(&self, p: Point) -> f64 {
        let from = at((p.x - self.midline).abs() - 0.14, p.y + 0.05);
        let reach = from.norm();
        // Stretched along rays from the hilum, so that the lines point to it.
        let ray = at(from.x / (reach + 0.12), from.y / (reach + 0.12));
        let shift = if p.x > self.midline { 17.0 } else { 0.0 };
        let coarse = self
            .vessels
            .ridges(at(ray.x * 5.0 + shift, ray.y * 5.0 + reach * 2.0), 2);
        let fine = self
            .vessels
            .ridges(at(ray.x * 11.0 + shift, ray.y * 11.0 + reach * 5.0), 3);
        let mottle = self.tissue.fractal(p * 18.0, 3);
        0.16 * coarse * coarse * ramp(0.45, 0.05, reach)
            + 0.07 * fine * ramp(0.7, 0.1, reach)
            + 0.016 * mottle
    }
}

/// Puts the side marker: an L at the top, on the patient's left.
fn mark_left(gray: &mut Array2<f64>) {
    let side = gray.nrows();
    let place = |part: f64| (part * side as f64) as usize;
    let stroke = (side / 128).max(1);
    let (top, left, tall, wide) = (place(0.04), place(0.90), place(0.035), place(0.02));
    for y in top..top + tall {
        for x in left..left + wide {
            if x < left + stroke || y + stroke >= top + tall {
                gray[[y, x]] = 0.95;
            }
        }
    }
}
