//! Where the cells of a graph are drawn: the layered layout of Sugiyama, Tagawa and Toda ("Methods for visual understanding
//! of hierarchical system structures", 1981), with edges that lead from left to right.
//!
//! 1. Edges that close a circle, which a depth-first search finds, are turned for the layout.
//! 2. Each node is in the layer after the last of those that lead to it (the longest path); what nothing leads to moves up
//!    to what it leads to.
//! 3. An edge over several layers gets a bend in each. Edges to the same node share their bends: they end together.
//! 4. Sweeps from left to right and back order each layer by the barycenters of its neighbours. The order with the fewest
//!    crossings counts; they are counted with a Fenwick tree (Barth, Mutzel and Jünger 2004).
//! 5. Each layer is moved towards the barycenters again, now to keep edges straight: the positions with the least squares
//!    that keep order and distances are an isotonic regression, which "pool adjacent violators" solves exactly.
//!
//! Nodes without edges are below the others, in rows.

/// How far a node, and a bend, is from its neighbours in a layer.
const NODE: f64 = 1.0;
const BEND: f64 = 0.3;

/// How often the layers are swept for their order, and for the positions.
const ORDERING: usize = 8;
const STRAIGHTENING: usize = 4;

/// A point of the drawing: a layer, and how far down in it, in nodes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) layer: usize,
    pub(crate) down: f64,
}

#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) nodes: Vec<Point>,
    /// For each edge all its points, in its own direction.
    pub(crate) edges: Vec<Vec<Point>>,
    pub(crate) layers: usize,
    /// How far down the drawing reaches.
    pub(crate) height: f64,
}

/// Lays out a graph of so many nodes.
pub(crate) fn lay_out(nodes: usize, edges: &[(usize, usize)]) -> Layout {
    let turned = circles(nodes, edges);
    let along = edges.iter().zip(&turned);
    let along: Vec<_> =
        along.map(|(&(from, to), &turned)| if turned { (to, from) } else { (from, to) }).collect();
    let mut drawing = Drawing::new(nodes, &along);
    drawing.order();
    drawing.straighten();
    drawing.place_lonely();
    let chains = drawing.chains.iter().zip(turned).map(|(chain, turned)| {
        let mut points: Vec<_> = chain.iter().map(|&vertex| drawing.point(vertex)).collect();
        if turned {
            points.reverse();
        }
        points
    });
    Layout {
        edges: chains.collect(),
        nodes: (0..nodes).map(|node| drawing.point(node)).collect(),
        layers: drawing.columns,
        height: drawing.down.iter().fold(0.0, |height: f64, &down| height.max(down)) + NODE / 2.0,
    }
}

/// Which edges to turn so that none leads back: those that lead to a node from which the search has come.
fn circles(nodes: usize, edges: &[(usize, usize)]) -> Vec<bool> {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        No,
        Above,
        Done,
    }
    let mut out = vec![Vec::new(); nodes];
    for (index, &(from, _)) in edges.iter().enumerate() {
        out[from].push(index);
    }
    let mut turned = vec![false; edges.len()];
    let mut seen = vec![Seen::No; nodes];
    for root in 0..nodes {
        if seen[root] != Seen::No {
            continue;
        }
        seen[root] = Seen::Above;
        // Each node from the root to the current one, and how many of its edges were followed.
        let mut path = vec![(root, 0)];
        while let Some((node, followed)) = path.last_mut() {
            let Some(&edge) = out[*node].get(*followed) else {
                seen[*node] = Seen::Done;
                path.pop();
                continue;
            };
            *followed += 1;
            let to = edges[edge].1;
            match seen[to] {
                Seen::No => {
                    seen[to] = Seen::Above;
                    path.push((to, 0));
                }
                Seen::Above => turned[edge] = true,
                Seen::Done => {}
            }
        }
    }
    turned
}

/// The layer of each node; `edges` have no circles but for edges from a node to itself.
fn layering(nodes: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let (mut out, mut into) = (vec![Vec::new(); nodes], vec![0_usize; nodes]);
    for &(from, to) in edges.iter().filter(|(from, to)| from != to) {
        out[from].push(to);
        into[to] += 1;
    }
    let mut left = into.clone();
    let mut order: Vec<_> = (0..nodes).filter(|&node| left[node] == 0).collect();
    let mut layer = vec![0; nodes];
    let mut next = 0;
    while let Some(&node) = order.get(next) {
        next += 1;
        for &to in &out[node] {
            layer[to] = layer[to].max(layer[node] + 1);
            left[to] -= 1;
            if left[to] == 0 {
                order.push(to);
            }
        }
    }
    // Whatever has more edges to the right than to the left goes there as far as it can: the edges get shorter.
    for &node in order.iter().rev() {
        if let Some(first) = out[node].iter().map(|&to| layer[to]).min() {
            if into[node] < out[node].len() {
                layer[node] = first - 1;
            }
        }
    }
    layer
}

/// The graph with its bends. Vertices are the nodes, and then the bends.
struct Drawing {
    nodes: usize,
    layer: Vec<usize>,
    down: Vec<f64>,
    /// Neighbours in the layer before, and in the one after.
    left: Vec<Vec<usize>>,
    right: Vec<Vec<usize>>,
    /// The vertices of each layer, from the top down.
    layers: Vec<Vec<usize>>,
    /// For each edge its vertices.
    chains: Vec<Vec<usize>>,
    columns: usize,
}

impl Drawing {
    fn new(nodes: usize, edges: &[(usize, usize)]) -> Self {
        let mut drawing = Self {
            nodes,
            layer: layering(nodes, edges),
            down: Vec::new(),
            left: vec![Vec::new(); nodes],
            right: vec![Vec::new(); nodes],
            layers: Vec::new(),
            chains: Vec::new(),
            columns: 0,
        };
        // For each node the bends that lead to it, from the nearest one on.
        let mut bends: Vec<Vec<usize>> = vec![Vec::new(); nodes];
        for &(from, to) in edges {
            let mut chain = vec![to];
            if from != to {
                let between = drawing.layer[to] - drawing.layer[from] - 1;
                for distance in 0..between {
                    if bends[to].len() == distance {
                        let bend = drawing.add_bend(drawing.layer[to] - 1 - distance);
                        drawing.connect(bend, *chain.last().unwrap_or(&to));
                        bends[to].push(bend);
                    }
                    chain.push(bends[to][distance]);
                }
                drawing.connect(from, *chain.last().unwrap_or(&to));
                chain.push(from);
                chain.reverse();
            }
            drawing.chains.push(chain);
        }
        drawing.down = vec![0.0; drawing.layer.len()];
        drawing.fill();
        drawing
    }

    fn add_bend(&mut self, layer: usize) -> usize {
        self.layer.push(layer);
        self.left.push(Vec::new());
        self.right.push(Vec::new());
        self.layer.len() - 1
    }

    fn connect(&mut self, from: usize, to: usize) {
        self.right[from].push(to);
        self.left[to].push(from);
    }

    fn is_lonely(&self, vertex: usize) -> bool {
        self.left[vertex].is_empty() && self.right[vertex].is_empty()
    }

    /// Fills the layers in the order of a depth-first search, which keeps together what belongs together.
    fn fill(&mut self) {
        let mut seen: Vec<_> = (0..self.layer.len()).map(|vertex| self.is_lonely(vertex)).collect();
        let layers =
            (0..seen.len()).filter(|&vertex| !seen[vertex]).map(|vertex| self.layer[vertex] + 1).max();
        self.layers = vec![Vec::new(); layers.unwrap_or(0)];
        self.columns = self.layers.len();
        let mut roots: Vec<_> = (0..self.nodes).filter(|&node| self.left[node].is_empty()).collect();
        roots.sort_by_key(|&root| self.layer[root]);
        for root in roots {
            let mut stack = vec![root];
            while let Some(vertex) = stack.pop() {
                if !std::mem::replace(&mut seen[vertex], true) {
                    self.layers[self.layer[vertex]].push(vertex);
                    stack.extend(self.right[vertex].iter().rev());
                }
            }
        }
    }

    fn order(&mut self) {
        let mut places = vec![0.0; self.layer.len()];
        let (mut best, mut fewest) = (self.layers.clone(), usize::MAX);
        for _ in 0..=ORDERING {
            for layer in &self.layers {
                note_places(layer, &mut places);
            }
            let crossings = self.crossings(&places);
            if crossings < fewest {
                best.clone_from(&self.layers);
                fewest = crossings;
            }
            if crossings == 0 {
                break;
            }
            for layer in self.layers.iter_mut().skip(1) {
                sort(layer, &self.left, &mut places);
            }
            for layer in self.layers.iter_mut().rev().skip(1) {
                sort(layer, &self.right, &mut places);
            }
        }
        self.layers = best;
    }

    /// How many edges cross between neighbouring layers.
    fn crossings(&self, places: &[f64]) -> usize {
        let mut crossings = 0;
        for (layer, after) in self.layers.iter().zip(self.layers.iter().skip(1)) {
            let mut tree = vec![0; after.len() + 1];
            let mut counted = 0;
            for &vertex in layer {
                let mut ends: Vec<_> = self.right[vertex].iter().map(|&to| whole(places[to])).collect();
                ends.sort_unstable();
                // All edges so far begin further up: those that end further down are crossed.
                for &end in &ends {
                    let mut upper = 0;
                    let mut at = end + 1;
                    while at > 0 {
                        upper += tree[at];
                        at &= at - 1;
                    }
                    crossings += counted - upper;
                }
                for end in ends {
                    counted += 1;
                    let mut at = end + 1;
                    while at < tree.len() {
                        tree[at] += 1;
                        at += at & at.wrapping_neg();
                    }
                }
            }
        }
        crossings
    }

    fn size(&self, vertex: usize) -> f64 {
        if vertex < self.nodes { NODE } else { BEND }
    }

    fn straighten(&mut self) {
        for layer in 0..self.layers.len() {
            let mut down = 0.0;
            for &vertex in &self.layers[layer] {
                self.down[vertex] = down + self.size(vertex) / 2.0;
                down += self.size(vertex);
            }
        }
        for _ in 0..STRAIGHTENING {
            for layer in 1..self.layers.len() {
                self.move_layer(layer, &[Side::Left]);
            }
            for layer in (0..self.layers.len()).rev() {
                self.move_layer(layer, &[Side::Right]);
            }
        }
        for layer in 0..self.layers.len() {
            self.move_layer(layer, &[Side::Left, Side::Right]);
        }
        let top = self.layers.iter().flatten().map(|&vertex| self.down[vertex] - self.size(vertex) / 2.0);
        let top = top.fold(f64::INFINITY, f64::min);
        for &vertex in self.layers.iter().flatten() {
            self.down[vertex] -= top;
        }
    }

    /// Moves the vertices of a layer as near as possible to the barycenters of their neighbours on these sides.
    fn move_layer(&mut self, layer: usize, sides: &[Side]) {
        /// Neighbours in the layer that move as one: the sum of their weighted aims, their weight, and how many they are.
        struct Block {
            aims: f64,
            weight: f64,
            count: usize,
        }
        impl Block {
            fn place(&self) -> f64 {
                self.aims / self.weight
            }
        }
        let mut blocks: Vec<Block> = Vec::new();
        // The distance of each vertex from the first one, if all are as close as they may be.
        let mut distances = Vec::new();
        let (mut distance, mut before) = (0.0, 0.0);
        for &vertex in &self.layers[layer] {
            let size = self.size(vertex);
            distance += f64::midpoint(before, size);
            before = size;
            distances.push(distance);
            let neighbours = sides.iter().flat_map(|side| match side {
                Side::Left => &self.left[vertex],
                Side::Right => &self.right[vertex],
            });
            let (mut sum, mut weight) = (0.0, 0.0);
            for &neighbour in neighbours {
                // A line from bend to bend is to be straight above all.
                let pull = if vertex >= self.nodes && neighbour >= self.nodes { 4.0 } else { 1.0 };
                sum += pull * self.down[neighbour];
                weight += pull;
            }
            if weight == 0.0 {
                (sum, weight) = (0.1 * self.down[vertex], 0.1);
            }
            let mut block = Block { aims: sum - weight * distance, weight, count: 1 };
            while blocks.last().is_some_and(|last| last.place() > block.place()) {
                let Some(last) = blocks.pop() else { break };
                block.aims += last.aims;
                block.weight += last.weight;
                block.count += last.count;
            }
            blocks.push(block);
        }
        let places = blocks.iter().flat_map(|block| std::iter::repeat_n(block.place(), block.count));
        for ((&vertex, distance), place) in self.layers[layer].iter().zip(distances).zip(places) {
            self.down[vertex] = place + distance;
        }
    }

    /// Puts the nodes without edges in rows below the others.
    fn place_lonely(&mut self) {
        let lonely: Vec<_> = (0..self.nodes).filter(|&node| self.is_lonely(node)).collect();
        if lonely.is_empty() {
            return;
        }
        let bottom = self.layers.iter().flatten().map(|&vertex| self.down[vertex] + NODE);
        let bottom = bottom.fold(0.0, f64::max);
        // About as wide as a screen.
        let columns =
            (1..lonely.len()).find(|columns| 10 * columns * columns >= 3 * lonely.len()).unwrap_or(1);
        self.columns = self.columns.max(columns);
        for (index, node) in lonely.into_iter().enumerate() {
            self.layer[node] = index % self.columns;
            self.down[node] = bottom + NODE / 2.0 + to_float(index / self.columns);
        }
    }

    fn point(&self, vertex: usize) -> Point {
        Point { layer: self.layer[vertex], down: self.down[vertex] }
    }
}

#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

fn note_places(layer: &[usize], places: &mut [f64]) {
    for (place, &vertex) in layer.iter().enumerate() {
        places[vertex] = to_float(place);
    }
}

/// Orders a layer by the barycenters of its neighbours on one side; what has none there stays about where it is.
fn sort(layer: &mut [usize], neighbours: &[Vec<usize>], places: &mut [f64]) {
    let barycenter = |vertex: usize| {
        let neighbours = &neighbours[vertex];
        if neighbours.is_empty() {
            return places[vertex];
        }
        neighbours.iter().map(|&neighbour| places[neighbour]).sum::<f64>() / to_float(neighbours.len())
    };
    let mut keyed: Vec<_> = layer.iter().map(|&vertex| (barycenter(vertex), vertex)).collect();
    keyed.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    for (place, (_, vertex)) in layer.iter_mut().zip(keyed) {
        *place = vertex;
    }
    note_places(layer, places);
}

#[expect(clippy::cast_precision_loss, reason = "no graph has so many cells")]
fn to_float(count: usize) -> f64 {
    count as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is the place of a vertex")]
fn whole(place: f64) -> usize {
    place as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_legible(nodes: usize, edges: &[(usize, usize)]) -> Layout {
        let layout = lay_out(nodes, edges);
        assert_eq!((layout.nodes.len(), layout.edges.len()), (nodes, edges.len()));
        for (a, point) in layout.nodes.iter().enumerate() {
            assert!(point.layer < layout.layers && point.down >= 0.0 && point.down <= layout.height);
            for other in layout.nodes.iter().skip(a + 1).filter(|other| other.layer == point.layer) {
                assert!((other.down - point.down).abs() > NODE - 1e-6, "{point:?} covers {other:?}");
            }
        }
        for (&(from, to), points) in edges.iter().zip(&layout.edges) {
            assert_eq!(points.first(), Some(&layout.nodes[from]));
            assert_eq!(points.last(), Some(&layout.nodes[to]));
            assert!(points.windows(2).all(|pair| pair[0].layer.abs_diff(pair[1].layer) == 1));
        }
        layout
    }

    #[test]
    fn h8_a_graph_is_drawn_in_layers() {
        assert_legible(0, &[]);
        assert_legible(1, &[]);
        let edges = [(0, 1), (1, 2), (0, 2), (3, 2)];
        let layout = assert_legible(5, &edges);
        let layers: Vec<_> = layout.nodes.iter().map(|point| point.layer).collect();
        assert_eq!(layers, [0, 1, 2, 1, 0], "3 is next to what it leads to, and 4 is alone");
        assert!(layout.nodes[4].down > layout.nodes[0].down);
    }

    #[test]
    fn h8_a_circle_is_drawn_too() {
        let layout = assert_legible(3, &[(0, 1), (1, 2), (2, 0)]);
        assert_eq!(layout.nodes[2].layer, 2);
        let own = lay_out(1, &[(0, 0)]);
        assert_eq!(own.edges, [own.nodes]);
    }

    #[test]
    fn h8_crossings_that_need_not_be_are_not() {
        // As they come, all edges of the first layer cross.
        let edges: Vec<_> = (0..6).map(|node| (node, 11 - node)).collect();
        let layout = assert_legible(12, &edges);
        for (from, to) in edges {
            assert!((layout.nodes[from].down - layout.nodes[to].down).abs() < 1e-6);
        }
    }

    #[test]
    fn h8_a_large_graph_is_legible() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut edges = Vec::new();
        for node in 1..300_usize {
            for _ in 0..random.usize(..4) {
                let edge = (node, random.usize(node.saturating_sub(40)..node));
                if !edges.contains(&edge) {
                    edges.push(edge);
                }
            }
        }
        assert_legible(300, &edges);
    }
}
