// Two buttons under each figure save it as a file of its own: the SVG of the page, or a picture of it.
"use strict";
{
  const DOTS = 3; // of a picture, for each unit of the figure
  const offer = (name, href) => Object.assign(document.createElement("a"), { download: name, href }).click();
  const encoded = (svg) => "data:image/svg+xml;charset=utf-8," + encodeURIComponent(new XMLSerializer().serializeToString(svg));
  const sized = (svg) => {
    const copy = svg.cloneNode(true), box = svg.viewBox.baseVal;
    copy.setAttribute("width", box.width);
    copy.setAttribute("height", box.height);
    return copy;
  };
  const savePicture = async (name, svg) => {
    const box = svg.viewBox.baseVal, image = new Image(), canvas = document.createElement("canvas");
    image.src = encoded(sized(svg));
    await image.decode();
    canvas.width = box.width * DOTS;
    canvas.height = box.height * DOTS;
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    offer(name, canvas.toDataURL("image/png"));
  };
  for (const figure of document.querySelectorAll("figure[data-name]")) {
    const svg = figure.querySelector(":scope > svg"), name = figure.dataset.name, line = document.createElement("p");
    const button = (label, save) => {
      const made = Object.assign(document.createElement("button"), { type: "button", textContent: label });
      made.setAttribute("aria-label", `save this figure as ${label}`);
      made.addEventListener("click", save);
      line.append(made);
    };
    line.className = "save";
    button("SVG", () => offer(`${name}.svg`, encoded(sized(svg))));
    button("PNG", () => savePicture(`${name}.png`, svg));
    figure.append(line);
  }
}
