//! An axial CT slice of the upper abdomen with contrast, in Hounsfield units, shown through a soft
//! tissue window.

use super::{
    Phantom,
    canvas::{blur, noise, sample},
    random::{Random, Texture},
    shape::{Ellipse, Point, at, band, both, either, mix, ramp},
};

const AIR: f64 = -1000.0;
const FAT: f64 = -100.0;
const MUSCLE: f64 = 60.0;

/// One patient's anatomy, seen from the feet: the patient's right is on the image's left.
struct Anatomy {
    body: Ellipse,
    fat: f64,
    liver: [Ellipse; 2],
    spleen: [Ellipse; 2],
    kidneys: [Ellipse; 2],
    vertebra: Ellipse,
    stomach: Ellipse,
    fluid_level: f64,
    bowel: Vec<(Ellipse, bool)>,
    aorta: Ellipse,
    cava: Ellipse,
    ribs: Vec<Ellipse>,
    bend: Texture,
    grain: Texture,
    vessels: Texture,
}

/// Draws one patient.
pub(super) fn draw(side: usize, mut random: Random) -> Phantom {
    let anatomy = Anatomy::new(&mut random);
    let truth = [
        Anatomy::liver,
        Anatomy::spleen,
        Anatomy::kidney,
        Anatomy::spine,
    ]
    .map(|depth| sample(side, |p| depth(&anatomy, p) > 0.0));
    let mut hounsfield = sample(side, |p| anatomy.hounsfield(p));
    let pixel = side as f64 / 512.0;
    blur(&mut hounsfield, 0.9 * pixel, 0.9 * pixel);
    let dose = random.range(9.0, 17.0);
    let quanta = noise(side, &mut random, 0.8 * pixel, 0.8 * pixel);
    let window = |value: f64| (value - (40.0 - 200.0)) / 400.0;
    hounsfield.zip_mut_with(&quanta, |value, n| *value = window(*value + dose * n));
    Phantom {
        gray: hounsfield,
        truth: truth.into(),
        spacing_mm: 380.0 / side as f64,
    }
}

impl Anatomy {
    fn new(random: &mut Random) -> Self {
        let centre = at(random.range(-0.03, 0.03), random.range(-0.04, 0.04));
        let (wide, tall) = (random.range(0.80, 0.90), random.range(0.58, 0.68));
        let place = |x: f64, y: f64| centre + at(x * wide, y * tall);
        let back = random.range(0.42, 0.47);
        let ellipse = |random: &mut Random, x: f64, y: f64, a: f64, b: f64| {
            let shift = at(random.range(-0.02, 0.02), random.range(-0.02, 0.02));
            let grow = random.range(0.9, 1.12);
            Ellipse::new(place(x, y) + shift, a * wide * grow, b * tall * grow)
        };
        let kidneys = [-1.0, 1.0].map(|side| {
            ellipse(random, side * 0.40, back - 0.06, 0.125, 0.20)
                .tilted(side * random.range(-0.5, -0.2))
        });
        let bowel = (0..random.integer(4, 7))
            .map(|_| {
                let (x, y) = (random.range(0.0, 0.62), random.range(-0.10, 0.22));
                let loop_ = ellipse(random, x, y, 0.085, 0.10).tilted(random.range(-1.0, 1.0));
                (loop_, random.unit() < 0.35)
            })
            .collect();
        let ribs = (0..12)
            .map(|k| {
                // Twelve places around the wall, as points of the unit circle without sines.
                let t = (f64::from(k % 6) + random.range(0.25, 0.75)) / 6.0 * 1.7 - 0.85;
                let side = if k < 6 { -1.0 } else { 1.0 };
                let across = (1.0 - t * t).sqrt() * side;
                Ellipse::new(place(0.87 * across, 0.86 * t), 0.055, 0.020)
                    .tilted(-(across * tall) / (t * wide + 0.02 * t.signum()))
            })
            .collect();
        Self {
            body: Ellipse::new(centre, wide, tall),
            fat: random.range(0.04, 0.11),
            liver: [
                ellipse(random, -0.42, -0.14, 0.43, 0.62),
                ellipse(random, 0.02, -0.48, 0.36, 0.26).tilted(-0.2),
            ],
            spleen: [
                ellipse(random, 0.64, 0.16, 0.20, 0.42).tilted(-0.25),
                ellipse(random, 0.42, 0.06, 0.20, 0.36).tilted(-0.25),
            ],
            kidneys,
            vertebra: ellipse(random, 0.0, back, 0.135, 0.165),
            stomach: ellipse(random, 0.36, -0.42, 0.26, 0.28).tilted(0.3),
            fluid_level: centre.y - random.range(0.38, 0.5) * tall,
            bowel,
            aorta: Ellipse::new(place(0.05, back - 0.26), 0.042, 0.042),
            cava: Ellipse::new(place(-0.12, back - 0.26), 0.058, 0.042),
            ribs,
            bend: random.texture(),
            grain: random.texture(),
            vessels: random.texture(),
        }
    }

    /// Returns the depth in the space inside the muscular wall.
    fn cavity(&self, p: Point) -> f64 {
        self.body.depth(p) - self.fat - 0.055
    }

    fn liver(&self, p: Point) -> f64 {
        let q = self.bend.warp(p, 2.2, 0.03);
        let lobes = either(self.liver[0].depth(q), self.liver[1].depth(q), 0.12);
        let free = both(lobes, -self.kidneys[0].depth(p) - 0.03, 0.04);
        let free = both(free, -self.retroperitoneum(p), 0.05);
        both(free, self.cavity(p) - 0.012, 0.06)
    }

    fn spleen(&self, p: Point) -> f64 {
        let q = self.bend.warp(p, 2.6, 0.025);
        let crescent = both(self.spleen[0].depth(q), -self.spleen[1].depth(q), 0.06);
        let free = both(crescent, -self.kidneys[1].depth(p) - 0.025, 0.04);
        both(free, self.cavity(p) - 0.012, 0.05)
    }

    /// Returns the depth in the tissue of either kidney, without the fat of its hilum.
    fn kidney(&self, p: Point) -> f64 {
        let q = self.bend.warp(p, 4.0, 0.012);
        let depth = |kidney: &Ellipse| {
            let inward = if kidney.centre.x < self.body.centre.x {
                1.0
            } else {
                -1.0
            };
            let hilum = Ellipse::new(kidney.centre + at(0.075 * inward, -0.02), 0.065, 0.038);
            both(kidney.depth(q), -hilum.depth(q), 0.02)
        };
        depth(&self.kidneys[0]).max(depth(&self.kidneys[1]))
    }

    /// Returns the depth in the vertebra: body, arch and processes around the canal.
    fn spine(&self, p: Point) -> f64 {
        let q = self.bend.warp(p, 5.0, 0.006);
        let d = q - self.vertebra.centre;
        let mirrored = at(d.x.abs(), d.y);
        let arch = Ellipse::new(at(0.0, 0.135), 0.085, 0.075).depth(mirrored);
        let spinous = band(mirrored, at(0.0, 0.17), at(0.0, 0.30), 0.022);
        let transverse = band(mirrored, at(0.06, 0.13), at(0.19, 0.17), 0.022);
        let bone = either(self.vertebra.depth(q), arch, 0.02);
        let bone = either(either(bone, spinous, 0.02), transverse, 0.02);
        both(bone, -self.canal(q), 0.01)
    }

    fn canal(&self, p: Point) -> f64 {
        Ellipse::new(self.vertebra.centre + at(0.0, 0.135), 0.052, 0.040).depth(p)
    }

    /// Returns the depth in the region around spine and great vessels, which organs leave free.
    fn retroperitoneum(&self, p: Point) -> f64 {
        let column = Ellipse::new(self.vertebra.centre + at(-0.01, -0.03), 0.24, 0.21);
        column.depth(p)
    }

    /// Returns the radiodensity at a point.
    fn hounsfield(&self, p: Point) -> f64 {
        let body = self.body.depth(p);
        if body < 0.0 {
            return self.table(p);
        }
        let grain = self.grain.fractal(p * 40.0, 3);
        let cavity = self.cavity(p);
        let mut value = FAT + 8.0 * self.grain.fractal(p * 7.0, 3);
        value = over(value, 40.0, 0.012 - body);
        let wall = both(body - self.fat, -cavity, 0.01);
        value = over(
            value,
            MUSCLE + 10.0 * grain,
            wall + 0.01 * self.bend.fractal(p * 9.0, 2),
        );
        value = self.posterior_muscles(p, value, grain);
        for rib in &self.ribs {
            let depth = rib.depth(p);
            value = over(over(value, 500.0, depth), 220.0, depth - 0.010);
        }
        if cavity > 0.0 {
            value = self.viscera(p, value, grain);
        }
        let spine = self.spine(p);
        let marrow = 190.0 + 60.0 * grain;
        value = over(value, mix(620.0, marrow, ramp(0.004, 0.02, spine)), spine);
        over(value, 35.0, self.canal(p))
    }

    /// Returns the density with psoas and the muscles of the back drawn over it.
    fn posterior_muscles(&self, p: Point, value: f64, grain: f64) -> f64 {
        let d = p - self.vertebra.centre;
        let mirrored = at(d.x.abs(), d.y) + at(0.006, 0.006) * self.bend.fractal(p * 8.0, 2);
        let psoas = Ellipse::new(at(0.16, 0.02), 0.055, 0.075).depth(mirrored);
        let erector = Ellipse::new(at(0.15, 0.20), 0.14, 0.065)
            .tilted(-0.2)
            .depth(mirrored);
        let streaks = 30.0 * self.grain.fractal(at(p.x * 30.0, p.y * 14.0), 3);
        let value = over(value, MUSCLE + 8.0 * grain, psoas);
        over(
            value,
            MUSCLE - 10.0 + streaks,
            both(erector, self.body.depth(p) - self.fat, 0.02),
        )
    }

    /// Returns the density with the contents of the abdomen drawn over it.
    fn viscera(&self, p: Point, mut value: f64, grain: f64) -> f64 {
        let q = self.bend.warp(p, 3.0, 0.02);
        for (loop_, gas) in &self.bowel {
            let depth = both(loop_.depth(q), self.cavity(p) - 0.02, 0.02);
            let inside = if *gas { -600.0 } else { 25.0 + 15.0 * grain };
            value = over(over(value, 75.0, depth), inside, depth - 0.016);
        }
        let stomach = both(self.stomach.depth(q), self.cavity(p) - 0.015, 0.05);
        let content = if p.y < self.fluid_level {
            AIR + 50.0
        } else {
            18.0 + 10.0 * grain
        };
        value = over(over(value, 80.0, stomach), content, stomach - 0.014);

        value = over(value, 175.0, self.aorta.depth(q));
        value = over(value, 145.0, self.cava.depth(q));
        let spleen = self.spleen(p);
        value = over(value, 122.0 + 7.0 * grain, spleen);
        let liver = self.liver(p);
        let branches = self.vessels.ridges(self.bend.warp(p, 3.0, 0.08) * 4.5, 1);
        let vessels = 48.0 * ramp(0.86, 0.97, branches) * ramp(0.02, 0.08, liver);
        value = over(value, 104.0 + 7.0 * grain + vessels, liver);
        let kidney = self.kidney(p);
        let pyramids = self.vessels.fractal(p * 22.0, 1);
        let medulla = ramp(0.022, 0.034, kidney) * ramp(-0.2, 0.2, pyramids);
        over(value, 205.0 - 60.0 * medulla + 8.0 * grain, kidney)
    }

    /// Returns the density outside the body: air and the table.
    fn table(&self, p: Point) -> f64 {
        let top = self.body.centre.y + 0.70 - 0.10 * p.x * p.x;
        let shell = 0.008 - (p.y - top).abs();
        over(AIR, -150.0, shell.min(0.75 - p.x.abs()))
    }
}

/// Returns `value` where `depth` is negative and `other` where it is positive, blended over the
/// width of a pixel or two.
fn over(value: f64, other: f64, depth: f64) -> f64 {
    mix(value, other, ramp(-0.003, 0.003, depth))
}
