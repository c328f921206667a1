/** Moving pictures that need no camera: a figure before a wall, or a page of text. */
const HUES = [165, 205, 25, 320, 55, 265] as const;

/** More faces than this nobody tells apart; and each one is painted all the time. */
const FACES = 12;
const faces = new Map<number, MediaStream>();

export function figureStream(person: number): MediaStream {
  const index = person % FACES;
  const known = faces.get(index) ?? figure(index);
  faces.set(index, known);
  return known;
}

function figure(index: number): MediaStream {
  return paint(1280, 720, (context) => {
    const hue = HUES[index % HUES.length] ?? 165;
    const wall = context.createLinearGradient(0, 0, 1280, 720);
    wall.addColorStop(0, `hsl(${hue} 24% 62%)`);
    wall.addColorStop(1, `hsl(${hue} 30% 34%)`);
    context.fillStyle = wall;
    context.fillRect(0, 0, 1280, 720);
    context.fillStyle = `hsl(${(hue + 30) % 360} 22% 78%)`;
    context.fillRect(850 - (index % 3) * 350, 90, 240, 300);
    context.fillStyle = `hsl(${(hue + 190) % 360} 28% 30%)`;
    context.beginPath();
    context.ellipse(640, 760, 330, 290, 0, 0, Math.PI * 2);
    context.fill();
    context.fillStyle = `hsl(${22 + (index % 6) * 4} 42% ${70 - (index % 6) * 7}%)`;
    context.beginPath();
    context.ellipse(640, 350, 125, 155, 0, 0, Math.PI * 2);
    context.fill();
    context.fillStyle = `hsl(${25 + (index % 4) * 6} 35% ${18 + (index % 7) * 5}%)`;
    context.beginPath();
    context.ellipse(640, 255, 138, 92, 0, Math.PI, 0);
    context.fill();
  });
}

export function pageStream(): MediaStream {
  return paint(1600, 900, (context) => {
    context.fillStyle = "#fdfcf9";
    context.fillRect(0, 0, 1600, 900);
    context.fillStyle = "#1d2b28";
    context.font = "600 64px sans-serif";
    context.fillText("Plan for the quarter", 120, 160);
    context.fillStyle = "#b9c4c0";
    for (let line = 0; line < 9; line += 1) {
      context.fillRect(120, 230 + line * 62, 600 + ((line * 331) % 620), 22);
    }
  });
}

function paint(
  width: number,
  height: number,
  draw: (context: CanvasRenderingContext2D) => void,
): MediaStream {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("this browser has no 2d canvas");
  draw(context);
  const stream = canvas.captureStream(5);
  // A stream of a canvas has a frame only when something is drawn.
  setInterval(() => draw(context), 200);
  return stream;
}
