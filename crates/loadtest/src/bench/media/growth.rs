//! How cost grows: with the viewers of one stream, with rooms, and with publishers of one room.

use std::{fs, path::Path, time::Duration};

use super::{
    Options,
    plot::{Chart, Panel},
    scenario::{Load, Sample},
};
use crate::{Error, error::During};

const VIEWERS: [usize; 6] = [10, 50, 100, 200, 400, 800];
const ROOMS: [usize; 5] = [1, 5, 10, 20, 40];
const PUBLISHERS: [usize; 4] = [1, 2, 4, 8];

/// Viewers of each room, and of the room with many publishers, all of whom they watch.
const SMALL_ROOM: usize = 10;
const WATCHERS: usize = 20;

/// Of one point.
const DURATION: Duration = Duration::from_secs(3);

#[derive(Default)]
pub struct Growth {
    /// What was measured already.
    known: Vec<(Load, Sample)>,
    series: [Vec<(usize, Sample)>; 3],
}

impl Growth {
    pub fn add(&mut self, load: Load, sample: Sample) {
        self.known.push((load, sample));
    }

    /// Once each: a curve shows by itself what is an outlier.
    pub fn measure(&mut self, options: &Options) -> Result<(), Error> {
        let stream = |rooms, publishers, viewers| Load {
            rooms,
            publishers,
            viewers,
            members: 0,
            slots: publishers,
        };
        let loads: [Vec<(usize, Load)>; 3] = [
            VIEWERS
                .map(|viewers| (viewers, stream(1, 1, viewers)))
                .to_vec(),
            ROOMS
                .map(|rooms| (rooms, stream(rooms, 1, SMALL_ROOM)))
                .to_vec(),
            PUBLISHERS
                .map(|publishers| (publishers, stream(1, publishers, WATCHERS)))
                .to_vec(),
        ];
        for (series, loads) in self.series.iter_mut().zip(loads) {
            for (count, load) in loads {
                let known = self.known.iter().find(|(known, _)| *known == load);
                let sample = match known {
                    Some((_, sample)) => *sample,
                    None => {
                        eprintln!(
                            "{} × {} → {} ...",
                            load.rooms, load.publishers, load.viewers
                        );
                        Sample::take(options, &load, 1, DURATION)?
                    }
                };
                series.push((count, sample));
            }
        }
        Ok(())
    }

    pub fn draw(&self, folder: &Path) -> Result<(), Error> {
        fs::create_dir_all(folder).during(format!("creating {}", folder.display()))?;
        let titles = [
            ("media-viewers", "Viewers of one stream of 1.5 Mbit/s"),
            ("media-rooms", "Rooms of one stream and ten viewers each"),
            (
                "media-publishers",
                "Streams in one room, each watched by 20",
            ),
        ];
        for ((name, title), series) in titles.into_iter().zip(&self.series) {
            let points = |figure: fn(&Sample) -> f64| {
                let points = series.iter();
                points
                    .map(|(count, sample)| (*count, figure(sample)))
                    .collect()
            };
            let chart = Chart {
                title,
                panels: vec![
                    Panel {
                        title: "CPU per forwarded packet, µs",
                        points: points(|sample| sample.cpu),
                    },
                    Panel {
                        title: "share of one core, %",
                        points: points(|sample| sample.core),
                    },
                    Panel {
                        title: "one-way latency added, p99, ms",
                        points: points(|sample| sample.p99),
                    },
                ],
            };
            let path = folder.join(format!("{name}.svg"));
            fs::write(&path, chart.svg()).during(format!("writing {}", path.display()))?;
        }
        Ok(())
    }
}
