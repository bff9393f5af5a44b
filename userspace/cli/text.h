/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KSIFT_TEXT_H
#define _KSIFT_TEXT_H

#include "job.h"

extern const struct printer printer_text;

#endif /* _KSIFT_TEXT_H */
