//! How much room nodes take with the names of their ports, and where there is some.

use super::geometry::{Rect, on_grid};
use super::scene::{NODE_WIDTH, Scene, Shape, Side};
use super::tidy::{Tile, gap};
use automl_core::document::Place;

/// Between nodes without names beside them.
const GAP: f64 = 24.0;
/// From a node's edge to the name of a port, and pixels a character of that.
const NAME_AT: f64 = 18.0;
const NAME_CHARACTER: f64 = 5.6;

impl Shape {
    /// Pixels beside the node that the names of a side's ports take. One port alone has no name beside it.
    fn names(&self, side: Side) -> f64 {
        let ports = self.ports(side);
        let longest = ports.iter().map(|p| p.title.chars().count()).max().unwrap_or(0);
        if ports.len() > 1 { NAME_AT + NAME_CHARACTER * longest as f64 } else { 0.0 }
    }

    /// The node with the names of its ports.
    pub fn room(&self) -> Rect {
        let (left, right) = (self.names(Side::Input), self.names(Side::Output));
        let rect = self.rect();
        Rect { x: rect.x - left, width: rect.width + left + right, ..rect }
    }

    /// The node as it is laid out.
    pub fn tile(&self) -> Tile {
        Tile { rect: self.rect(), left: self.names(Side::Input), right: self.names(Side::Output) }
    }

    /// Where a node stands beside this one, so that the names of neither reach the other's.
    pub fn beside(&self, next: &Shape) -> Place {
        let gap = gap(self.names(Side::Output), next.names(Side::Input));
        Place { x: self.place.x + NODE_WIDTH + gap, y: self.place.y }
    }
}

impl Scene {
    /// A place for a node near `wish` where it and the names of its ports keep a gap to all others.
    pub fn free_place(&self, wish: Place, node: &Shape) -> Place {
        let mut place = on_grid(wish);
        // Each step down passes a node for good, so there are no more steps than nodes.
        for _ in 0..=self.nodes.len() {
            let room = Shape { place, ..node.clone() }.room();
            let room = Rect { y: room.y - GAP, height: room.height + 2.0 * GAP, ..room };
            let hits = self.nodes.values().map(|s| s.room()).filter(|other| other.touches(room));
            match hits.reduce(|a, b| if a.bottom() > b.bottom() { a } else { b }) {
                // One unit of the grid farther, so that rounding takes nothing off the gap.
                Some(hit) => place = on_grid(Place { y: hit.bottom() + GAP + 8.0, ..place }),
                None => break,
            }
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::samples::{apply, churn, id, kinds};
    use automl_core::document::{Edit, Node};

    #[test]
    fn new_nodes_keep_a_gap() {
        let (document, kinds) = (churn(), kinds());
        let scene = Scene::of(&document, &kinds);
        for kind in kinds.values() {
            let bare = Shape::of(kind);
            for (name, shape) in &scene.nodes {
                let place = scene.free_place(shape.beside(&bare), &bare);
                let room = Shape { place, ..bare.clone() }.room();
                let near = scene.nodes.values().map(|s| s.room()).find(|other| other.touches(room));
                assert_eq!(near, None, "{} beside {name}", kind.id);
            }
        }
        let bare = Shape::of(&kinds["table.filter"]);
        assert_eq!(scene.free_place(Place { x: 3.0, y: -5000.0 }, &bare), Place { x: 0.0, y: -5000.0 });
    }

    #[test]
    fn names_of_neighbours_do_not_meet() {
        let (mut document, kinds) = (churn(), kinds());
        let search = Scene::of(&document, &kinds).nodes[&id("search-1")].clone();
        let place = search.beside(&Shape::of(&kinds["model.predict"]));
        let node = Node::new("model.predict", 1);
        apply(&mut document, Edit::AddNode { id: id("predict-1"), node, place: Some(place) });
        let predict = Scene::of(&document, &kinds).nodes[&id("predict-1")].clone();
        assert!(search.room().right() < predict.room().x);
        // A filter has no names beside it.
        assert_eq!(search.beside(&Shape::of(&kinds["table.filter"])).x, search.rect().right() + 72.0);
    }
}
