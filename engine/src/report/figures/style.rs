//! What all figures have in common: colours, sizes, how they are written. See [`Drawing`].

use std::{fmt::Write as _, path::Path, sync::LazyLock};

use kuva::{
    backend::{png::PngBackend, svg::SvgBackend},
    plot::LinePlot,
    prelude::Layout,
    render::{render::Scene, theme::Theme},
};

use crate::runs::{RunError, replace_with};

/// The colours of Okabe and Ito (2008), told apart also by those who see fewer; the lightest two are
/// left out, for they vanish on paper.
const COLOURS: [&str; 6] = [
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00",
];

/// How many pixels a unit of a drawing becomes: 2.5 at 96 units an inch is 240 dots an inch.
const PIXELS_PER_UNIT: f32 = 2.5;

/// Returns the colour of the series that has this place among the labels. Beyond six, they repeat;
/// [`dashed`] then tells them apart.
pub(super) fn colour(index: usize) -> &'static str {
    COLOURS[index % COLOURS.len()]
}

/// Dashes the line of a series whose colour has been used before.
pub(super) fn dashed(plot: LinePlot, index: usize) -> LinePlot {
    match index / COLOURS.len() {
        0 => plot,
        1 => plot.with_dashed(),
        _ => plot.with_dotted(),
    }
}

/// A figure, drawn.
pub struct Drawing {
    /// The stem of its file names.
    pub name: &'static str,
    /// What it shows, as a sentence; its alternative text too.
    pub caption: String,
    scene: Scene,
}

/// Up to here, in pixels, a drawing can be read on a phone.
const NARROW: f64 = 600.0;

impl Drawing {
    /// Returns whether it has too much side by side to be made as narrow as a phone.
    pub fn is_wide(&self) -> bool {
        self.scene.width > NARROW
    }

    pub(super) fn new(name: &'static str, caption: String, scene: Scene) -> Self {
        Self {
            name,
            caption,
            scene,
        }
    }

    /// Returns it as SVG whose text uses the reader's fonts, to stand in a page.
    pub fn inline_svg(&self) -> String {
        self.svg(SvgBackend::new())
    }

    /// Returns it as SVG that keeps its proportions at any width.
    fn svg(&self, backend: SvgBackend) -> String {
        let (width, height) = (self.scene.width, self.scene.height);
        let sized = format!("<svg viewBox=\"0 0 {width} {height}\" ");
        let svg = backend.render_scene(&self.scene);
        renumber(&svg.replacen("<svg ", &sized, 1), self.name)
    }

    /// Writes `<name>.svg`, with its font inside, and `<name>.png`, at 240 dots an inch.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), RunError> {
        let path = folder.join(format!("{}.svg", self.name));
        let svg = self.svg(SvgBackend::new().with_embedded_font(true));
        replace_with(&path, regular_only(&svg).as_bytes())?;
        let path = folder.join(format!("{}.png", self.name));
        let png = PngBackend::new()
            .with_scale(PIXELS_PER_UNIT)
            .render_scene(&self.scene)
            .map_err(|reason| RunError::Encode {
                path: path.clone(),
                reason,
            })?;
        replace_with(&path, &png)
    }
}

/// Returns the `style` element with the font of the figures, for drawings that are not the plotting
/// crate's.
pub(super) fn font_style() -> &'static str {
    static STYLE: LazyLock<String> = LazyLock::new(|| {
        let backend = SvgBackend::new().with_embedded_font(true);
        let svg = regular_only(&backend.render_scene(&Scene::new(1.0, 1.0)));
        let (start, end) = (svg.find("<style"), svg.find("</style>"));
        match start.zip(end) {
            Some((start, end)) if start < end => format!("{}</style>", &svg[start..end]),
            _ => String::new(),
        }
    });
    &STYLE
}

/// Numbers clip paths from 0 and names them after their figure: the plotting crate counts them through
/// the whole process, so that the same rows would give other bytes, and figures on one page must not
/// share names.
fn renumber(svg: &str, name: &str) -> String {
    const CLIP: &str = "kuva-clip-";
    let mut numbers: Vec<&str> = Vec::new();
    let mut parts = svg.split(CLIP);
    let mut renumbered = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.find(|char: char| !char.is_ascii_digit());
        let (number, rest) = part.split_at(digits.unwrap_or(part.len()));
        let known = numbers.iter().position(|known| *known == number);
        let place = known.unwrap_or_else(|| {
            numbers.push(number);
            numbers.len() - 1
        });
        // Writing to a string cannot fail.
        _ = write!(renumbered, "{name}-clip-{place}{rest}");
    }
    renumbered
}

/// Leaves only the first of the embedded faces, the regular one: the figures have no other, and each
/// face is a megabyte.
fn regular_only(svg: &str) -> String {
    const FACE: &str = "@font-face";
    let mut faces = svg.match_indices(FACE).map(|(place, _)| place);
    let (Some(_), Some(second)) = (faces.next(), faces.next()) else {
        return svg.to_owned();
    };
    let end = svg[second..]
        .find("</style>")
        .map_or(second, |length| second + length);
    format!("{}{}", &svg[..second], &svg[end..])
}

/// Gives a panel the sizes and colours that all panels have, and an axis for ratios.
pub(super) fn ratios(layout: Layout, title: &str, what: &str) -> Layout {
    let mut theme = Theme::minimal();
    theme.show_grid = true;
    theme.font_family = Some("DejaVu Sans, Helvetica, Arial, sans-serif".into());
    theme.grid_color = "#e3e3e3".into();
    layout
        .with_theme(theme)
        .with_title(title)
        .with_title_size(14)
        .with_label_size(12)
        .with_tick_size(11)
        .with_body_size(11)
        .with_y_label(what)
        .with_y_axis_min(0.0)
        .with_y_axis_max(1.0)
        .with_y_tick_step(0.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clip_paths_are_named_after_their_figure() {
        let svg = r#"<clipPath id="kuva-clip-12"/><g clip-path="url(#kuva-clip-12)"/><clipPath id="kuva-clip-7""#;
        let expected =
            r#"<clipPath id="a-clip-0"/><g clip-path="url(#a-clip-0)"/><clipPath id="a-clip-1""#;
        assert_eq!(renumber(svg, "a"), expected);
        assert_eq!(renumber("<svg/>", "a"), "<svg/>");
    }

    #[test]
    fn the_font_is_one_style_element() {
        let style = font_style();
        assert!(style.starts_with("<style") && style.ends_with("</style>"));
        assert_eq!(style.matches("@font-face").count(), 1);
        assert!(style.len() > 100_000, "with the letters themselves");
    }

    #[test]
    fn one_face_is_left() {
        let svg = "<style>@font-face{a}@font-face{b}@font-face{c}</style><text/>";
        assert_eq!(regular_only(svg), "<style>@font-face{a}</style><text/>");
        let one = "<style>@font-face{a}</style>";
        assert_eq!(regular_only(one), one);
    }
}
