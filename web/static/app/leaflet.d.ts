/** As much of Leaflet 1.9 as the map uses; the library itself carries no types. */

type LatLonPair = [number, number];

interface LeafletLayer {
  addTo(map: LeafletMap): this;
  remove(): this;
}

interface LeafletTiles extends LeafletLayer {
  on(event: "tileloadstart", handler: (event: { tile: HTMLImageElement }) => void): this;
}

interface LeafletPolygon extends LeafletLayer {
  setLatLngs(points: LatLonPair[]): this;
  getElement(): Element | undefined;
}

interface LeafletMarker extends LeafletLayer {
  setLatLng(at: LatLonPair): this;
  setZIndexOffset(offset: number): this;
}

interface LeafletMap {
  setView(at: LatLonPair, zoom: number): this;
  fitBounds(points: LatLonPair[], options: object): this;
  panInside(at: LatLonPair, options: object): this;
  zoomIn(): this;
  zoomOut(): this;
  invalidateSize(options: object): this;
  remove(): this;
}

interface Leaflet {
  map(container: HTMLElement, options: object): LeafletMap;
  polygon(points: LatLonPair[], options: object): LeafletPolygon;
  marker(at: LatLonPair, options: object): LeafletMarker;
  divIcon(options: { html: HTMLElement; className: string; iconSize: LatLonPair | null }): object;
}

declare module "leaflet" {}

interface Window {
  L: Leaflet;
}
