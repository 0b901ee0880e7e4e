#pragma once
#include "ctorch_types.h"
