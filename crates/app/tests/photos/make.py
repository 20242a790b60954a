"""Writes the photos beside it with Pillow (13.0.0): what our own encoders cannot write.

    python3 -m pip install pillow==13.0.0 && python3 make.py

Each is 64×48 with a red, a green, a blue and a yellow quarter (from the top left, by rows).
"""

import pathlib

from PIL import Image, ImageCms

HERE = pathlib.Path(__file__).parent
MARKER = "GEWU-PLANTED-MARKER"

picture = Image.new("RGB", (64, 48))
for box, colour in [((0, 0), "red"), ((32, 0), "#00c000"), ((0, 24), "blue"), ((32, 24), "yellow")]:
    picture.paste(Image.new("RGB", (32, 24), colour), box)

exif = Image.Exif()
exif[0x0112] = 6  # turned: the first row is on the right
exif[0x010E] = MARKER  # description
exif[0x010F] = "Maker " + MARKER
gps = exif.get_ifd(0x8825)
gps[1], gps[2], gps[3], gps[4] = "N", (39.0, 54.0, 15.123), "E", (116.0, 23.0, 29.456)
gps[0x1B] = MARKER.encode()  # the method of positioning
icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
told = {"exif": exif, "xmp": f"<x:xmpmeta>{MARKER}</x:xmpmeta>".encode(), "icc_profile": icc}

picture.save(HERE / "progressive-told.jpg", progressive=True, quality=90, comment=MARKER, **told)
picture.save(HERE / "lossy-told.webp", quality=80, **told)
picture.convert("CMYK").save(HERE / "cmyk.jpg", quality=90)
picture.convert("L").save(HERE / "grey.jpg", quality=90)
picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=4).save(HERE / "palette.png", transparency=3)
second = Image.new("RGB", picture.size, "black")
for name in ["animated.webp", "animated.png"]:
    picture.save(HERE / name, save_all=True, append_images=[second], duration=100, **({"lossless": True} if "webp" in name else {}))
