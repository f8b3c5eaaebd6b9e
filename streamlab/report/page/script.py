"""The script of the page: it tells what is under the pointer, and zooms. It makes text only: data
goes into `textContent`, never into markup, and nothing is fetched."""

from typing import Final

__all__ = ["SCRIPT"]

SCRIPT: Final = """
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const tip = document.getElementById("tip");
  const SVG = "http://www.w3.org/2000/svg";
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  const add = (parent, name, attributes, text) => {
    const made = parent.appendChild(document.createElementNS(SVG, name));
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const digits = (value) =>
    value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2);
  const time = (ms) =>
    ms >= 999.5 ? `${digits(ms / 1000)} s` : ms >= 0.9995 ? `${digits(ms)} ms`
    : `${digits(ms * 1000)} µs`;
  const sums = (steps) => {
    let sum = 0;
    return steps.map((step) => (sum += step));
  };
  // The last index whose value is at most `limit`; -1 if there is none.
  const upTo = (values, limit) => {
    let low = 0, high = values.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (values[middle] <= limit) low = middle + 1; else high = middle;
    }
    return low - 1;
  };

  // Times come in units of 10 µs, and as differences.
  const rows = data["time-lines"].rows.map((row, i) => ({
    ...row, id: `recording-${data.recordings[i]}`, places: sums(row.places),
    events: sums(row.events), times: sums(row.times),
  }));

  const said = (row, ms) => {
    const at = ms * 100;
    if (row.first === null) return ["no output"];
    if (at < row.first) return [`waiting; first output after ${time(row.first / 100)}`];
    const i = upTo(row.times, at), event = row.events[i];
    const lines = [`event ${event} came at ${time(row.times[i] / 100)}`];
    if (i > 0 && row.places[i] === row.places[i - 1] + 1) {
      lines.push(`after a gap of ${time((row.times[i] - row.times[i - 1]) / 100)}`);
    }
    if (i + 1 < row.times.length && row.places[i + 1] === row.places[i] + 1) {
      lines.push(`the next one ${time((row.times[i + 1] - row.times[i]) / 100)} later`);
    }
    if (at > row.last) lines.push(`tail; the last output was at ${time(row.last / 100)}`);
    return lines;
  };

  const tellers = {
    rows(chart, ms, y, perPixel) {
      const row = rows[Math.floor(y / chart.row)];
      if (!row) return [];
      if (ms * 100 > row.end) return [row.name, `ended at ${time(row.end / 100)}`];
      const near = row.findings.filter(([at]) => Math.abs(at / 100 - ms) < 5 * perPixel);
      return [row.name, time(ms), ...said(row, ms), ...near.map(([, text]) => text)];
    },
    shares(chart, ms) {
      return [time(ms), ...chart.series.map(({ name, points }) => {
        const i = upTo(points.map(([at]) => at), ms);
        return `${name}: ${((i < 0 ? 0 : points[i][1]) * 100).toFixed(1)} % at or below`;
      })];
    },
    lines(chart, ms, y, perPixel, svg) {
      const wanted = chart.top * (1 - y / chart.height);
      const counts = rows.map((row) => row.places[upTo(row.times, ms * 100)] ?? 0);
      let best = -1;
      counts.forEach((count, i) => {
        const isNearer = best < 0 || Math.abs(count - wanted) < Math.abs(counts[best] - wanted);
        if (rows[i].times.length && isNearer) best = i;
      });
      svg.querySelectorAll(".view .line").forEach((line, i) => {
        line.classList.toggle("on", i === best);
      });
      if (best < 0) return [];
      return [rows[best].name, `${counts[best].toLocaleString("en")} events with output`,
        `by ${time(ms)}`];
    },
  };

  const show = (lines, event) => {
    tip.replaceChildren(...lines.map((line) => {
      const made = document.createElement("div");
      made.textContent = line;
      return made;
    }));
    tip.hidden = !lines.length;
    const { offsetWidth: width, offsetHeight: height } = tip;
    const left = event.clientX + 16 + width > innerWidth ? event.clientX - 16 - width
      : event.clientX + 16;
    const top = event.clientY + 16 + height > innerHeight ? event.clientY - 16 - height
      : event.clientY + 16;
    tip.style.transform = `translate(${Math.max(0, left)}px, ${Math.max(0, top)}px)`;
  };

  const setUp = (svg) => {
    const chart = data[svg.dataset.name];
    const low = Number(svg.dataset.lowMs), top = Number(svg.dataset.topMs);
    const view = svg.querySelector(".view"), ticks = svg.querySelector(".ticks");
    const [x, y, width, height] = ["x", "y", "width", "height"].map(
      (key) => Number(view.getAttribute(key)));
    const whole = { from: 0, to: width };
    let shown = whole, start = null;
    const cross = add(svg, "line", { class: "cross", y1: y, y2: y + height, visibility: "hidden" });
    const chosen = add(svg, "rect", { class: "chosen", y, height, width: 0 });
    const pane = add(svg, "rect", { class: "pane", x, y, width, height });
    const again = document.createElement("button");
    again.className = "again";
    again.textContent = "Show all";
    again.hidden = true;
    svg.closest("figure").append(again);

    const msAt = (place) => low ? low * (top / low) ** (place / width) : place / width * top;
    const placeOf = (ms) => low ? Math.log(ms / low) / Math.log(top / low) * width
      : ms / top * width;
    const within = (event) => {
      const box = pane.getBoundingClientRect();
      return {
        x: clamp((event.clientX - box.left) / box.width, 0, 1) * width,
        y: clamp((event.clientY - box.top) / box.height, 0, 0.9999) * height,
      };
    };
    const zoomed = (at) => shown.from + at / width * (shown.to - shown.from);
    const tick = (ms, label) => {
      const at = x + (placeOf(ms) - shown.from) / (shown.to - shown.from) * width;
      add(ticks, "line", { class: "grid", x1: at, x2: at, y1: y, y2: y + height });
      const place = { class: "soft", "text-anchor": "middle", x: at, y: y + height + 17 };
      add(ticks, "text", place, label);
    };
    const zoom = (from, to) => {
      shown = { from, to };
      view.setAttribute("viewBox", `${from} 0 ${to - from} ${height}`);
      again.hidden = from === 0 && to === width;
      ticks.replaceChildren();
      const first = msAt(from), last = msAt(to), rough = (last - first) / 6;
      if (low && last / first > 20) {
        for (let ms = 10 ** Math.ceil(Math.log10(first) - 1e-9); ms <= last * 1.0001; ms *= 10) {
          tick(ms, ms >= 1000 ? `${ms / 1000} s` : `${Number(ms.toPrecision(1))} ms`);
        }
        return;
      }
      const power = 10 ** Math.floor(Math.log10(rough));
      const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough * 0.999);
      // In the unit that the axis names, unless it is logarithmic and names none.
      const unit = top >= 2000 && !low ? 1000 : 1;
      for (let i = Math.ceil(first / step - 1e-9); i * step <= last * 1.0001; i++) {
        const value = Number((i * step / unit).toPrecision(6)).toLocaleString("en");
        tick(i * step, low ? `${value} ms` : value);
      }
    };

    pane.addEventListener("pointermove", (event) => {
      const at = within(event);
      cross.setAttribute("x1", x + at.x);
      cross.setAttribute("x2", x + at.x);
      cross.setAttribute("visibility", "visible");
      if (start !== null) {
        chosen.setAttribute("x", x + Math.min(start, at.x));
        chosen.setAttribute("width", Math.abs(start - at.x));
      }
      const ms = msAt(zoomed(at.x)), perPixel = (msAt(zoomed(at.x + 1)) - ms);
      show(tellers[chart.kind](chart, ms, at.y, perPixel, svg), event);
    });
    pane.addEventListener("pointerleave", () => {
      tip.hidden = true;
      cross.setAttribute("visibility", "hidden");
      svg.querySelectorAll(".on").forEach((line) => line.classList.remove("on"));
    });
    pane.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "mouse" || event.button) return;
      start = within(event).x;
      pane.setPointerCapture(event.pointerId);
    });
    pane.addEventListener("pointercancel", () => {
      start = null;
      chosen.setAttribute("width", 0);
    });
    pane.addEventListener("pointerup", (event) => {
      if (start === null) return;
      const at = within(event), ends = [zoomed(start), zoomed(at.x)].sort((a, b) => a - b);
      const isDrag = Math.abs(at.x - start) > 4;
      start = null;
      chosen.setAttribute("width", 0);
      // Closer than a ten-thousandth nothing is told apart.
      if (isDrag && ends[1] - ends[0] > width / 1e4) zoom(...ends);
      else if (!isDrag && chart.kind === "rows") {
        const row = rows[Math.floor(at.y / chart.row)];
        const details = row && document.getElementById(row.id);
        if (!details) return;
        details.open = true;
        details.scrollIntoView({ behavior: "smooth" });
      }
    });
    pane.addEventListener("dblclick", () => zoom(0, width));
    again.addEventListener("click", () => zoom(0, width));
  };
  document.querySelectorAll("svg.chart").forEach(setUp);
})();
"""
