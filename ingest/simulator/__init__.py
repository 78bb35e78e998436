"""The simulated street: cameras that behave like cameras, for newcomers, tests and benchmarks.

model.py     what a simulated camera is (spec, faults, pose) – shared by all modules here
mechanics.py pan, tilt and zoom with real speeds
street.py    the 360° panorama and everything that moves in it
render.py    one camera's view of the street as YUV planes, with the burned-in name, frame number and clock
encode.py    views → H.264/H.265 access units, live or as shared pre-encoded loops
rtsp.py      the RTSP server
onvif.py     the ONVIF services: onvif_device, onvif_media, onvif_ptz answer; onvif_soap and onvif_auth read
discovery.py answers WS-Discovery
control.py   the HTTP port on which tests ask for faults; power.py reboots
street_server.py  all of it in one event loop, with the street's cameras
"""
