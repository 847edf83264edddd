package images

// upright rotates and mirrors an image as its orientation requires.
func upright(p planes, orientation int) planes {
	across, down, swap := orientationSteps(orientation)
	if !across && !down && !swap {
		return p
	}
	for i, pl := range p.all {
		p.all[i] = pl.oriented(across, down, swap)
	}
	if swap {
		p.w, p.h = p.h, p.w
	}
	return p
}

// orientationSteps splits an orientation into three steps: mirror across, mirror
// down, then swap rows and columns.
func orientationSteps(orientation int) (across, down, swap bool) {
	switch orientation {
	case 2:
		return true, false, false
	case 3:
		return true, true, false
	case 4:
		return false, true, false
	case 5:
		return false, false, true
	case 6:
		return false, true, true
	case 7:
		return true, true, true
	case 8:
		return true, false, true
	}
	return false, false, false
}

func (p plane) oriented(across, down, swap bool) plane {
	out := newPlane(p.w, p.h)
	if swap {
		out = newPlane(p.h, p.w)
	}
	for y := range p.h {
		to := y
		if down {
			to = p.h - 1 - y
		}
		for x, v := range p.row(y) {
			if across {
				x = p.w - 1 - x
			}
			if swap {
				out.pix[x*out.w+to] = v
			} else {
				out.pix[to*out.w+x] = v
			}
		}
	}
	return out
}
